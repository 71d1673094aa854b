{{ config(materialized='view') }}

with order_records as (

    select
        order_id,
        max(account_id) as account_id
    from {{ ref('stg_shop__order_lines') }}
    where line_no = 1
    group by order_id

)

select
    'shop:' || lines.order_id || ':' || cast(lines.line_no as varchar) as order_line_id,
    'shop:' || lines.order_id as order_id,
    case
        when lines.account_id is null then 'shop:guest_order:' || lines.order_id
        else 'shop:account:' || lines.account_id
    end as record_key,
    'shop' as channel,
    'sale' as line_type,
    lines.status,
    lines.store_id,
    lines.product_id,
    lines.quantity,
    lines.amount_cents,
    lines.discount_cents,
    lines.coupon_discount_cents,
    lines.currency,
    lines.ordered_at as occurred_at,
    lines.updated_at,
    lines._arrival
from {{ ref('stg_shop__order_lines') }} as lines
union all
select
    'shop:return:' || returns.return_id || ':' || cast(returns.line_no as varchar) as order_line_id,
    'shop:' || returns.order_id as order_id,
    case
        when order_records.account_id is null then 'shop:guest_order:' || returns.order_id
        else 'shop:account:' || order_records.account_id
    end as record_key,
    'shop' as channel,
    'return' as line_type,
    'placed' as status,
    cast(null as bigint) as store_id,
    returns.product_id,
    -returns.quantity as quantity,
    -returns.amount_cents as amount_cents,
    cast(0 as bigint) as discount_cents,
    cast(0 as bigint) as coupon_discount_cents,
    returns.currency,
    returns.returned_at as occurred_at,
    returns.returned_at as updated_at,
    returns._arrival
from {{ ref('stg_shop__returns') }} as returns
left join order_records on returns.order_id = order_records.order_id
