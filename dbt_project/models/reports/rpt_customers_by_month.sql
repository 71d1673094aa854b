with activity as (

    select
        customer_id,
        cast({{ dbt.date_trunc('month', 'occurred_at') }} as date) as month_on,
        max(case when event_type = 'order_placed' then 1 else 0 end) as has_ordered
    from {{ ref('fct_customer_events') }}
    where customer_id is not null and occurred_at <= {{ as_of() }}
    group by customer_id, cast({{ dbt.date_trunc('month', 'occurred_at') }} as date)

),

ranked as (

    select
        month_on,
        has_ordered,
        row_number() over (partition by customer_id order by month_on asc) as months_known
    from activity

),

months as (

    select
        month_on,
        sum(case when months_known = 1 then 1 else 0 end) as new_count,
        count(*) as active_count,
        sum(has_ordered) as buyers_count
    from ranked
    group by month_on

)

select
    month_on,
    cast(new_count as bigint) as new_count,
    cast(sum(new_count) over (order by month_on asc rows between unbounded preceding and current row) as bigint) as customers_count,
    cast(active_count as bigint) as active_count,
    cast(buyers_count as bigint) as buyers_count
from months
