with last_verdicts as (

    select
        check_name,
        max(check_run_id) as check_run_id
    from {{ ref('stg_receipts__checks') }}
    group by check_name

)

select
    cast(checks.check_name as varchar) as check_name,
    cast(checks.boundary as varchar) as boundary,
    cast(checks.table_name as varchar) as table_name,
    cast(checks.verdict as varchar) as verdict,
    cast(checks.measured_value as double precision) as measured_value,
    cast(checks.median_value as double precision) as median_value,
    cast(checks.low_bound as double precision) as low_bound,
    cast(checks.high_bound as double precision) as high_bound,
    cast(checks.observations_count as bigint) as observations_count,
    cast(checks.told_text as varchar) as told_text,
    cast(checks.stops as varchar) as stops,
    cast(checks.checked_at as timestamp) as checked_at
from {{ ref('stg_receipts__checks') }} as checks
inner join last_verdicts on checks.check_run_id = last_verdicts.check_run_id
