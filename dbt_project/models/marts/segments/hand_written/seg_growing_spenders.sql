{#- Two windows of one table against each other: more than a rule over traits can say. -#}

{%- set recently = add_days(as_of(), -60) -%}

with spending as (

    select
        customer_id,
        sum(case when ordered_at > {{ recently }} then net_cents else 0 end) as recent_cents,
        sum(case when ordered_at <= {{ recently }} then net_cents else 0 end) as earlier_cents
    from {{ ref('fct_orders') }}
    where
        customer_id is not null
        and status = 'placed'
        and ordered_at > {{ add_days(as_of(), -120) }}
        and ordered_at <= {{ as_of() }}
    group by customer_id

)

select customer_id
from spending
where earlier_cents > 0 and recent_cents * 4 >= earlier_cents * 5
