{{ config(materialized='incremental', unique_key='check_run_id', incremental_strategy='delete+insert', full_refresh=false) }}

-- A build that was thrown away gives its number to the next: the last verdict under a number is that of the one that was published.
with published as (

    select
        check_name,
        generation_id,
        max(check_run_id) as check_run_id
    from {{ ref('stg_receipts__checks') }}
    where
        generation_id < (select clock.generation from {{ source('control', 'clock') }} as clock)
        and measured_value is not null
        and verdict in ('passed', 'released')
    group by check_name, generation_id

)

select
    verdicts.check_run_id,
    verdicts.generation_id,
    verdicts.boundary,
    verdicts.table_name,
    verdicts.check_name,
    verdicts.measured_value,
    verdicts.verdict = 'released' as is_released,
    verdicts.checked_at
from {{ ref('stg_receipts__checks') }} as verdicts
inner join published on verdicts.check_run_id = published.check_run_id
{%- if is_incremental() %}
where verdicts.check_run_id > (select coalesce(max(known.check_run_id), 0) from {{ this }} as known)
{%- endif %}
