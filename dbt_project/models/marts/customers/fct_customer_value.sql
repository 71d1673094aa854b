select
    cast(customer_id as bigint) as customer_id,
    cast(coalesce(currency, '{{ var('home_currency') }}') as varchar) as currency,
    cast(count(*) as bigint) as orders_count,
    cast(sum(gross_cents) as bigint) as gross_cents,
    cast(sum(returned_cents) as bigint) as returned_cents,
    cast(sum(net_cents) as bigint) as net_cents,
    min(ordered_at) as first_order_at,
    max(ordered_at) as last_order_at
from {{ ref('fct_orders') }}
where customer_id is not null and status = 'placed' and ordered_at <= {{ as_of() }}
group by customer_id, coalesce(currency, '{{ var('home_currency') }}')
