{%- set first_known_at = 'case when silent.first_seen_at < clock.as_of then silent.first_seen_at else clock.as_of end' -%}

with clock as (

    select {{ as_of() }} as as_of

),

activity as (

    select
        customer_id,
        cast({{ dbt.date_trunc('month', 'occurred_at') }} as date) as month_on,
        max(case when event_type = 'order_placed' then 1 else 0 end) as has_ordered
    from {{ ref('fct_customer_events') }}
    where customer_id is not null and occurred_at <= {{ as_of() }}
    group by customer_id, cast({{ dbt.date_trunc('month', 'occurred_at') }} as date)

),

-- Of whom no event is known, the first record is the first that is known of them.
silent as (

    select
        records.customer_id,
        min(observations.first_seen_at) as first_seen_at
    from {{ ref('int_identity__records') }} as records
    inner join {{ ref('int_identity__observations') }} as observations on records.record_key = observations.record_key
    left join activity on records.customer_id = activity.customer_id
    where observations.identifier_type is null and activity.customer_id is null
    group by records.customer_id

),

presence as (

    select
        customer_id,
        month_on,
        has_ordered,
        1 as is_active
    from activity
    union all
    select
        silent.customer_id,
        cast({{ dbt.date_trunc('month', first_known_at) }} as date) as month_on,
        0 as has_ordered,
        0 as is_active
    from silent
    cross join clock

),

ranked as (

    select
        month_on,
        has_ordered,
        is_active,
        row_number() over (partition by customer_id order by month_on asc) as months_known
    from presence

),

months as (

    select
        month_on,
        sum(case when months_known = 1 then 1 else 0 end) as new_count,
        sum(is_active) as active_count,
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
