with spend as (

    select
        orders.customer_id,
        products.department,
        products.product_category,
        sum(lines.amount_cents) as net_cents
    from {{ ref('fct_order_lines') }} as lines
    inner join {{ ref('fct_orders') }} as orders on lines.order_id = orders.order_id
    inner join {{ ref('stg_catalog__products') }} as products on lines.product_id = products.product_id
    where orders.customer_id is not null and lines.status = 'placed'
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
