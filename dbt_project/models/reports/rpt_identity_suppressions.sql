select
    cast(tier as bigint) as tier,
    cast(rule as varchar) as rule,
    cast(suppression_reason as varchar) as reason,
    cast(count(distinct hub) as bigint) as values_count,
    cast(count(distinct node_id) as bigint) as records_count
from {{ ref('int_identity__edges') }}
where status = 'suppressed'
group by tier, rule, suppression_reason
