{%- set life_days = 60 -%}
{%- set columns = {'product_id': 'bigint', 'department': 'varchar'} -%}

with products as (

    {{ union_contributions('product_sources', 'int_products__%', columns) }}

),

looked_at as (

    select
        events.customer_id,
        products.department,
        events.occurred_at
    from {{ ref('fct_customer_events') }} as events
    inner join products on events.subject = cast(products.product_id as varchar)
    where
        events.customer_id is not null
        and events.event_type = 'product_viewed'
        and events.occurred_at > {{ add_days(as_of(), -life_days) }}
        and events.occurred_at <= {{ as_of() }}
        and products.department is not null

),

interests as (

    select
        customer_id,
        department,
        max(occurred_at) as last_shown_at,
        row_number() over (partition by customer_id order by count(*) desc, max(occurred_at) desc, department asc) as standing
    from looked_at
    group by customer_id, department

)

select
    customer_id,
    department as interest,
    last_shown_at as interest_shown_at,
    {{ add_days('last_shown_at', life_days) }} as interest_expires_at
from interests
where standing = 1
