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

later_orders as (

    select
        owned.cart_id,
        min(orders.ordered_at) as next_ordered_at
    from owned
    inner join {{ ref('fct_orders') }} as orders
        on
            owned.customer_id = orders.customer_id
            and orders.ordered_at > owned.last_activity_at
            and orders.status = 'placed'
    where owned.completed_at is null
    group by owned.cart_id

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
