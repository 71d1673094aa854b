{%- set idle_hours = 1 -%}
{%- set recovery_days = 7 -%}
{%- set columns = {
    'cart_id': 'varchar', 'record_key': 'varchar', 'event_type': 'varchar', 'product_id': 'varchar', 'order_id': 'varchar',
    'value_cents': 'bigint', 'occurred_at': 'timestamp',
} -%}

with events as (

    {{ union_contributions('cart_event_sources', 'int_carts__%_events', columns) }}

),

activity as (

    select
        cart_id,
        max(record_key) as record_key,
        min(occurred_at) as started_at,
        max(case when event_type <> 'order_completed' then occurred_at end) as last_activity_at,
        min(case when event_type = 'order_completed' then occurred_at end) as completed_at,
        max(case when event_type = 'order_completed' then order_id end) as order_id,
        count(distinct case when event_type = 'product_added' then product_id end) as products_count,
        sum(case when event_type = 'product_added' then value_cents else 0 end) as value_cents
    from events
    group by cart_id

),

owned as (

    select
        activity.*,
        records.customer_id
    from activity
    left join {{ ref('int_identity__records') }} as records on activity.record_key = records.record_key
    where activity.last_activity_at is not null

),

unfinished as (

    select
        customer_id,
        cart_id,
        last_activity_at as happened_at,
        cast(null as timestamp) as ordered_at
    from owned
    where completed_at is null and customer_id is not null
    union all
    select
        customer_id,
        cast(null as varchar) as cart_id,
        ordered_at as happened_at,
        ordered_at
    from {{ ref('fct_orders') }}
    where customer_id is not null and status = 'placed'

),

-- Read backwards, the least time of an order so far is that of the next one: one sort, however many carts and orders.
followed as (

    select
        cart_id,
        min(ordered_at) over (
            partition by customer_id
            order by happened_at desc, case when cart_id is null then 1 else 0 end asc
            rows between unbounded preceding and current row
        ) as next_ordered_at
    from unfinished

),

later_orders as (

    select
        cart_id,
        next_ordered_at
    from followed
    where cart_id is not null and next_ordered_at is not null

),

judged as (

    select
        owned.*,
        later_orders.next_ordered_at,
        case
            when owned.completed_at is not null then 'completed'
            when owned.last_activity_at > {{ add_hours(as_of(), -idle_hours) }} then 'open'
            when later_orders.next_ordered_at <= {{ add_days('owned.last_activity_at', recovery_days) }} then 'recovered'
            else 'abandoned'
        end as status
    from owned
    left join later_orders on owned.cart_id = later_orders.cart_id

)

select
    cast(cart_id as varchar) as cart_id,
    cast(customer_id as bigint) as customer_id,
    cast(record_key as varchar) as record_key,
    cast(status as varchar) as status,
    cast(order_id as varchar) as order_id,
    cast(products_count as bigint) as products_count,
    cast(value_cents as bigint) as value_cents,
    started_at,
    last_activity_at,
    completed_at,
    case when status = 'recovered' then next_ordered_at end as recovered_at
from judged
