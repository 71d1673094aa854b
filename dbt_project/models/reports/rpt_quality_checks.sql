select
    cast(checked_at as timestamp) as checked_at,
    cast(boundary as varchar) as boundary,
    cast(table_name as varchar) as table_name,
    cast(sum(case when verdict = 'passed' then 1 else 0 end) as bigint) as passed_count,
    cast(sum(case when verdict = 'failed' then 1 else 0 end) as bigint) as failed_count,
    cast(sum(case when verdict = 'broke' then 1 else 0 end) as bigint) as broke_count,
    cast(sum(case when verdict = 'released' then 1 else 0 end) as bigint) as released_count
from {{ ref('stg_receipts__checks') }}
group by checked_at, boundary, table_name
