{%- set year_ago = add_days(as_of(), -365) -%}
{%- set quarter_ago = add_days(as_of(), -90) -%}
{%- set home = "coalesce(currency, '" ~ var('home_currency') ~ "') = '" ~ var('home_currency') ~ "'" -%}
{%- set attributes = survivorship().keys() | list + ['email', 'phone'] -%}
{#- Fewer order days say nothing about a rhythm, and fewer messages nothing about a channel. -#}
{%- set order_days_needed = 3 -%}
{%- set deliveries_needed = 3 -%}

with orders as (

    select
        customer_id,
        min(ordered_at) as first_order_at,
        max(ordered_at) as last_order_at,
        count(*) as orders_count,
        sum(case when ordered_at >= {{ quarter_ago }} then 1 else 0 end) as orders_count_90d,
        sum(case when ordered_at >= {{ year_ago }} then 1 else 0 end) as orders_count_365d,
        sum(case when {{ home }} then net_cents else 0 end) as net_revenue_cents,
        sum(case when ordered_at >= {{ quarter_ago }} and {{ home }} then net_cents else 0 end) as net_revenue_90d_cents,
        sum(case when {{ home }} then 1 else 0 end) as home_orders_count,
        sum(case when {{ home }} then discount_cents + coupon_discount_cents else 0 end) as discount_cents,
        sum(case when {{ home }} then gross_cents + discount_cents + coupon_discount_cents else 0 end) as list_price_cents,
        sum(case when coupon_discount_cents > 0 then 1 else 0 end) as coupon_orders_count,
        sum(returned_lines_count) as returns_count,
        sum(case when channel = 'shop' then 1 else 0 end) as shop_orders_count
    from {{ ref('fct_orders') }}
    where customer_id is not null and status = 'placed' and ordered_at <= {{ as_of() }}
    group by customer_id

),

ordering_channels as (

    select
        customer_id,
        channel,
        orders_count,
        row_number() over (partition by customer_id order by orders_count desc, last_order_at desc, channel asc) as standing
    from {{ ref('fct_customer_channels') }}
    where orders_count > 0

),

responding_channels as (

    select
        customer_id,
        channel,
        deliveries_count_365d,
        clicks_count_365d,
        row_number() over (
            partition by customer_id
            order by clicks_count_365d / cast(deliveries_count_365d as float8) desc, clicks_count_365d desc, channel asc
        ) as standing
    from {{ ref('fct_customer_channels') }}
    where deliveries_count_365d >= {{ deliveries_needed }} and clicks_count_365d > 0

),

channels as (

    select
        customer_id,
        max(last_seen_at) as last_seen_at,
        sum(case when channel = 'email' then opens_count_90d else 0 end) as email_opens_90d,
        sum(case when channel = 'email' then clicks_count_90d else 0 end) as email_clicks_90d,
        sum(case when channel = 'email' then deliveries_count_365d else 0 end) as email_deliveries_365d,
        sum(case when channel = 'email' then clicks_count_365d else 0 end) as email_clicks_365d,
        sum(case when channel = 'web' then actions_count_90d else 0 end) as web_actions_90d,
        sum(case when channel = 'app' then actions_count_90d else 0 end) as app_actions_90d,
        sum(tickets_count_365d) as tickets_count_365d
    from {{ ref('fct_customer_channels') }}
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
        {{ quintile('last_order_at') }} as recency_score,
        {{ quintile('orders_count_365d') }} as frequency_score,
        {{ quintile('net_revenue_cents') }} as monetary_score
    from orders

),

rhythm as (

    select
        habits.*,
        case
            when habits.order_days_count >= {{ order_days_needed }}
                then {{ days_between('orders.last_order_at', as_of()) }} / habits.mean_gap_days
        end as overdue_ratio,
        case
            when habits.order_days_count >= {{ order_days_needed }}
                then {{ add_days('orders.last_order_at', 'cast(ceil(habits.median_gap_days) as bigint)') }}
        end as expected_next_order_at
    from {{ ref('int_profiles__order_habits') }} as habits
    inner join orders on habits.customer_id = orders.customer_id

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
    cast(floor(orders.net_revenue_cents / cast(nullif(orders.home_orders_count, 0) as float8)) as bigint) as average_order_cents,
    cast(orders.coupon_orders_count / cast(orders.orders_count as float8) as float8) as coupon_share,
    cast(orders.discount_cents / cast(nullif(orders.list_price_cents, 0) as float8) as float8) as discount_share,
    cast(coalesce(orders.returns_count, 0) as bigint) as returns_count,
    cast(coalesce(rhythm.order_days_count, 0) as bigint) as order_days_count,
    cast(rhythm.mean_gap_days as float8) as mean_days_between_orders,
    cast(rhythm.median_gap_days as float8) as median_days_between_orders,
    rhythm.expected_next_order_at,
    cast(rhythm.overdue_ratio as float8) as overdue_ratio,
    cast(
        case
            when rhythm.overdue_ratio < 1 then 'low'
            when rhythm.overdue_ratio < 2 then 'medium'
            when rhythm.overdue_ratio < 3 then 'high'
            when rhythm.overdue_ratio >= 3 then 'lapsed'
        end as varchar
    ) as churn_risk,
    cast(favourites.favourite_department as varchar) as favourite_department,
    cast(favourites.favourite_category as varchar) as favourite_category,
    cast(favourites.favourite_brand as varchar) as favourite_brand,
    cast(rhythm.favourite_store_id as bigint) as favourite_store_id,
    cast(rhythm.favourite_hour as bigint) as favourite_hour,
    cast(interests.interest as varchar) as interest,
    interests.interest_expires_at,
    cast(ordering.channel as varchar) as preferred_channel,
    cast(coalesce(ordering.orders_count, 0) as bigint) as preferred_channel_orders_count,
    cast(responding.channel as varchar) as best_responding_channel,
    cast(coalesce(responding.deliveries_count_365d, 0) as bigint) as best_responding_channel_deliveries_365d,
    cast(coalesce(responding.clicks_count_365d, 0) as bigint) as best_responding_channel_clicks_365d,
    cast(scores.recency_score as bigint) as recency_score,
    cast(scores.frequency_score as bigint) as frequency_score,
    cast(scores.monetary_score as bigint) as monetary_score,
    cast(coalesce(channels.email_opens_90d, 0) as bigint) as email_opens_90d,
    cast(coalesce(channels.email_clicks_90d, 0) as bigint) as email_clicks_90d,
    cast(coalesce(channels.email_deliveries_365d, 0) as bigint) as email_deliveries_365d,
    cast(coalesce(channels.email_clicks_365d, 0) as bigint) as email_clicks_365d,
    cast(coalesce(channels.web_actions_90d, 0) as bigint) as web_actions_90d,
    cast(coalesce(channels.app_actions_90d, 0) as bigint) as app_actions_90d,
    cast(coalesce(channels.tickets_count_365d, 0) as bigint) as tickets_count_365d,
    channels.last_seen_at,
    carts.last_cart_at,
    cast(coalesce(carts.carts_count_90d, 0) as bigint) as carts_count_90d,
    carts.abandoned_cart_at,
    cast(carts.abandoned_cart_value_cents as bigint) as abandoned_cart_value_cents,
    coalesce(orders.shop_orders_count, 0) > 0 as is_online_buyer,
    cast(
        (
            {%- for attribute in attributes %}
            case when customers.{{ attribute }} is not null then 1 else 0 end{{ ' +' if not loop.last }}
            {%- endfor %}
        ) / cast({{ attributes | length }} as float8) as float8
    ) as data_completeness,
    customers.city,
    customers.time_zone
from {{ ref('dim_customers') }} as customers
left join orders on customers.customer_id = orders.customer_id
left join channels on customers.customer_id = channels.customer_id
left join ordering_channels as ordering on customers.customer_id = ordering.customer_id and ordering.standing = 1
left join responding_channels as responding on customers.customer_id = responding.customer_id and responding.standing = 1
left join carts on customers.customer_id = carts.customer_id
left join scores on customers.customer_id = scores.customer_id
left join rhythm on customers.customer_id = rhythm.customer_id
left join {{ ref('int_profiles__favourites') }} as favourites on customers.customer_id = favourites.customer_id
left join {{ ref('int_profiles__interests') }} as interests on customers.customer_id = interests.customer_id
