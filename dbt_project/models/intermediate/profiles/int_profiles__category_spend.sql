{{ config(
    materialized='incremental',
    unique_key='customer_id',
    incremental_strategy='delete+insert',
    post_hook='{{ drop_superseded() }}',
) }}

{%- set columns = {'product_id': 'bigint', 'department': 'varchar', 'product_category': 'varchar'} %}

-- depends_on: {{ ref('int_identity__records') }}
-- depends_on: {{ ref('int_identity__id_changes') }}
-- depends_on: {{ source('control', 'clock') }}
with touched as (

    select distinct customer_id
    from {{ ref('fct_orders') }}
    where customer_id is not null and {{ is_new() }}
    {% if is_incremental() %}
    union
    select new_customer_id as customer_id
    from {{ ref('int_identity__id_changes') }}
    where generation = (select clock.generation from {{ source('control', 'clock') }} as clock)
    union
    select old_customer_id as customer_id
    from {{ ref('int_identity__id_changes') }}
    where generation = (select clock.generation from {{ source('control', 'clock') }} as clock)
    {% endif %}

),

products as (

    {{ union_contributions('product_sources', 'int_products__%', columns) }}

),

spend as (

    select
        orders.customer_id,
        products.department,
        products.product_category,
        sum(lines.amount_cents) as net_cents
    from {{ ref('fct_orders') }} as orders
    inner join touched on orders.customer_id = touched.customer_id
    inner join {{ ref('fct_order_lines') }} as lines on orders.order_id = lines.order_id
    inner join products on lines.product_id = products.product_id
    where lines.status = 'placed'
    group by orders.customer_id, products.department, products.product_category

),

departments as (

    select
        customer_id,
        department,
        row_number() over (partition by customer_id order by sum(net_cents) desc, department asc) as standing
    from spend
    where department is not null
    group by customer_id, department

),

categories as (

    select
        customer_id,
        product_category,
        row_number() over (partition by customer_id order by sum(net_cents) desc, product_category asc) as standing
    from spend
    where product_category is not null
    group by customer_id, product_category

)

select
    departments.customer_id,
    departments.department as favourite_department,
    categories.product_category as favourite_category
from departments
left join categories on departments.customer_id = categories.customer_id and categories.standing = 1
where departments.standing = 1
