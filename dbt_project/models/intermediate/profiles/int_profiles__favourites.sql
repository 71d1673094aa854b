{{ config(
    materialized='incremental',
    unique_key='customer_id',
    incremental_strategy='delete+insert',
    post_hook=[
        '{{ drop_superseded() }}',
        'delete from {{ this }} where coalesce(favourite_department, favourite_category, favourite_brand) is null',
    ],
) }}

{%- set columns = {'product_id': 'bigint', 'department': 'varchar', 'product_category': 'varchar', 'brand': 'varchar'} %}

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

bought as (

    select
        orders.customer_id,
        lines.product_id,
        sum(lines.amount_cents) as net_cents
    from {{ ref('fct_orders') }} as orders
    inner join touched on orders.customer_id = touched.customer_id
    inner join {{ ref('fct_order_lines') }} as lines on orders.order_id = lines.order_id
    where lines.status = 'placed'
    group by orders.customer_id, lines.product_id

),

spend as (

    select
        bought.customer_id,
        products.department,
        products.product_category,
        products.brand,
        bought.net_cents
    from bought
    inner join products on bought.product_id = products.product_id

),

{%- for kind in ['department', 'product_category', 'brand'] %}

by_{{ kind }} as (

    select
        customer_id,
        {{ kind }},
        row_number() over (partition by customer_id order by sum(net_cents) desc, {{ kind }} asc) as standing
    from spend
    where {{ kind }} is not null
    group by customer_id, {{ kind }}

),
{%- endfor %}

favourites as (

    {% for kind in ['department', 'product_category', 'brand'] -%}
    select
        customer_id,
        {%- for other in ['department', 'product_category', 'brand'] %}
        {{ kind if kind == other else 'cast(null as varchar)' }} as {{ other }}{{ ',' if not loop.last }}
        {%- endfor %}
    from by_{{ kind }}
    where standing = 1
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

-- Who has nothing left to favour is written too, so that what was known before goes.
select
    touched.customer_id,
    max(favourites.department) as favourite_department,
    max(favourites.product_category) as favourite_category,
    max(favourites.brand) as favourite_brand
from touched
left join favourites on touched.customer_id = favourites.customer_id
where touched.customer_id is not null
group by touched.customer_id
