with orders as (

    select
        orders.customer_id,
        orders.store_id,
        orders.ordered_at,
        extract(hour from {{ local_time('orders.ordered_at', 'customers.time_zone') }}) as local_hour
    from {{ ref('fct_orders') }} as orders
    inner join {{ ref('dim_customers') }} as customers on orders.customer_id = customers.customer_id
    where orders.status = 'placed' and orders.ordered_at <= {{ as_of() }}

),

order_days as (

    select distinct
        customer_id,
        cast(cast(ordered_at as date) as timestamp) as ordered_on
    from orders

),

gaps as (

    select
        customer_id,
        {{ days_between('lag(ordered_on) over (partition by customer_id order by ordered_on)', 'ordered_on') }} as gap_days
    from order_days

),

rhythm as (

    select
        customer_id,
        count(*) as order_days_count,
        cast(sum(gap_days) as float8) / nullif(count(gap_days), 0) as mean_gap_days,
        percentile_cont(0.5) within group (order by gap_days) as median_gap_days
    from gaps
    group by customer_id

),

stores as (

    select
        customer_id,
        store_id,
        row_number() over (partition by customer_id order by count(*) desc, max(ordered_at) desc, store_id asc) as standing
    from orders
    where store_id is not null
    group by customer_id, store_id

),

hours as (

    select
        customer_id,
        local_hour,
        row_number() over (partition by customer_id order by count(*) desc, max(ordered_at) desc, local_hour asc) as standing
    from orders
    group by customer_id, local_hour

)

select
    rhythm.customer_id,
    rhythm.order_days_count,
    rhythm.mean_gap_days,
    cast(rhythm.median_gap_days as float8) as median_gap_days,
    stores.store_id as favourite_store_id,
    cast(hours.local_hour as bigint) as favourite_hour
from rhythm
inner join hours on rhythm.customer_id = hours.customer_id and hours.standing = 1
left join stores on rhythm.customer_id = stores.customer_id and stores.standing = 1
