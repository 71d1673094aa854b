{%- set year_ago = add_days(as_of(), -365) -%}
{%- set quarter_ago = add_days(as_of(), -90) -%}

with orders as (

    select
        customer_id,
        min(ordered_at) as first_order_at,
        max(ordered_at) as last_order_at,
        count(*) as orders_count,
        sum(case when ordered_at >= {{ quarter_ago }} then 1 else 0 end) as orders_count_90d,
        sum(case when ordered_at >= {{ year_ago }} then 1 else 0 end) as orders_count_365d,
        sum(net_cents) as net_revenue_cents,
        sum(case when ordered_at >= {{ quarter_ago }} then net_cents else 0 end) as net_revenue_90d_cents,
        sum(case when coupon_discount_cents > 0 then 1 else 0 end) as coupon_orders_count,
        sum(returned_lines_count) as returns_count,
        sum(case when channel = 'shop' then 1 else 0 end) as shop_orders_count
    from {{ ref('fct_orders') }}
    where customer_id is not null and status = 'placed' and ordered_at <= {{ as_of() }}
    group by customer_id

),

events as (

    select
        customer_id,
        max(occurred_at) as last_seen_at,
        sum(case when event_type = 'email_open' and occurred_at >= {{ quarter_ago }} then 1 else 0 end) as email_opens_90d,
        sum(case when event_type = 'email_click' and occurred_at >= {{ quarter_ago }} then 1 else 0 end) as email_clicks_90d,
        sum(case when event_type = 'ticket_created' and occurred_at >= {{ year_ago }} then 1 else 0 end) as tickets_count_365d
    from {{ ref('fct_customer_events') }}
    where customer_id is not null and occurred_at <= {{ as_of() }}
    group by customer_id

),

ranked_carts as (

    select
        customer_id,
        status,
        value_cents,
        last_activity_at,
        row_number() over (partition by customer_id order by last_activity_at desc, cart_id asc) as recency
    from {{ ref('fct_carts') }}
    where customer_id is not null

),

carts as (

    select
        customer_id,
        max(last_activity_at) as last_cart_at,
        sum(case when last_activity_at >= {{ quarter_ago }} then 1 else 0 end) as carts_count_90d,
        max(case when recency = 1 and status = 'abandoned' then last_activity_at end) as abandoned_cart_at,
        max(case when recency = 1 and status = 'abandoned' then value_cents end) as abandoned_cart_value_cents
    from ranked_carts
    group by customer_id

),

scores as (

    select
        customer_id,
        ntile(5) over (order by last_order_at asc, customer_id asc) as recency_score,
        ntile(5) over (order by orders_count_365d asc, customer_id asc) as frequency_score,
        ntile(5) over (order by net_revenue_cents asc, customer_id asc) as monetary_score
    from orders

)

select
    customers.customer_id,
    orders.first_order_at,
    orders.last_order_at,
    cast(coalesce(orders.orders_count, 0) as bigint) as orders_count,
    cast(coalesce(orders.orders_count_90d, 0) as bigint) as orders_count_90d,
    cast(coalesce(orders.orders_count_365d, 0) as bigint) as orders_count_365d,
    cast(coalesce(orders.net_revenue_cents, 0) as bigint) as net_revenue_cents,
    cast(coalesce(orders.net_revenue_90d_cents, 0) as bigint) as net_revenue_90d_cents,
    cast(floor(orders.net_revenue_cents / cast(orders.orders_count as float8)) as bigint) as average_order_cents,
    cast(orders.coupon_orders_count / cast(orders.orders_count as float8) as float8) as coupon_share,
    cast(coalesce(orders.returns_count, 0) as bigint) as returns_count,
    cast(spend.favourite_department as varchar) as favourite_department,
    cast(spend.favourite_category as varchar) as favourite_category,
    cast(case when orders.shop_orders_count * 2 > orders.orders_count then 'shop' when orders.orders_count > 0 then 'pos' end as varchar) as preferred_channel,
    cast(scores.recency_score as bigint) as recency_score,
    cast(scores.frequency_score as bigint) as frequency_score,
    cast(scores.monetary_score as bigint) as monetary_score,
    cast(coalesce(events.email_opens_90d, 0) as bigint) as email_opens_90d,
    cast(coalesce(events.email_clicks_90d, 0) as bigint) as email_clicks_90d,
    cast(coalesce(events.tickets_count_365d, 0) as bigint) as tickets_count_365d,
    events.last_seen_at,
    carts.last_cart_at,
    cast(coalesce(carts.carts_count_90d, 0) as bigint) as carts_count_90d,
    carts.abandoned_cart_at,
    cast(carts.abandoned_cart_value_cents as bigint) as abandoned_cart_value_cents,
    coalesce(orders.shop_orders_count, 0) > 0 as is_online_buyer,
    customers.city
from {{ ref('dim_customers') }} as customers
left join orders on customers.customer_id = orders.customer_id
left join events on customers.customer_id = events.customer_id
left join carts on customers.customer_id = carts.customer_id
left join scores on customers.customer_id = scores.customer_id
left join {{ ref('int_profiles__category_spend') }} as spend on customers.customer_id = spend.customer_id
