{{ config(materialized='view') }}

select
    cast(sync_run_id as bigint) as sync_run_id,
    cast(sync_name as varchar) as sync_name,
    cast(destination_name as varchar) as destination_name,
    cast(status as varchar) as status,
    cast(reason as varchar) as reason,
    cast(started_at as timestamp) as started_at,
    cast(finished_at as timestamp) as finished_at,
    cast(planned_count as bigint) as planned_count,
    cast(ok_count as bigint) as ok_count,
    cast(rejected_count as bigint) as rejected_count,
    cast(unknown_count as bigint) as unknown_count,
    cast(suppressed_count as bigint) as suppressed_count,
    cast(held_count as bigint) as held_count,
    cast(in_flight_count as bigint) as in_flight_count,
    cast(
        planned_count - ok_count - rejected_count - unknown_count - suppressed_count - held_count - in_flight_count as bigint
    ) as unaccounted_count,
    cast(
        case when ok_count + rejected_count > 0 then 1.0 * rejected_count / (ok_count + rejected_count) end as double precision
    ) as reject_share
from {{ ref('stg_receipts__sync_runs') }}
