select
    recency_score,
    frequency_score,
    cast(count(*) as bigint) as customers_count,
    cast(sum(net_revenue_cents) as bigint) as net_revenue_cents
from {{ ref('dim_customer_traits') }}
where recency_score is not null and frequency_score is not null
group by recency_score, frequency_score
