select
    cast(last_activity_at as date) as abandoned_on,
    cast(count(*) as bigint) as carts_count,
    cast(sum(case when status = 'completed' then 1 else 0 end) as bigint) as completed_count,
    cast(sum(case when status in ('abandoned', 'recovered') then 1 else 0 end) as bigint) as abandoned_count,
    cast(sum(case when status = 'recovered' then 1 else 0 end) as bigint) as recovered_count,
    cast(sum(case when status in ('abandoned', 'recovered') then value_cents else 0 end) as bigint) as abandoned_cents,
    cast(sum(case when status = 'recovered' then value_cents else 0 end) as bigint) as recovered_cents,
    cast(
        sum(case when status in ('abandoned', 'recovered') then 1 else 0 end)
        / cast(nullif(sum(case when status <> 'open' then 1 else 0 end), 0) as float8)
        as float8
    ) as abandonment_rate
from {{ ref('fct_carts') }}
group by cast(last_activity_at as date)
