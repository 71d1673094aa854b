{{ config(materialized='view') }}

select
    'shop:' || order_id as order_line_id,
    'shop:' || order_id as order_id,
    'shop:customer:' || email as record_key,
    'shop' as channel,
    'sale' as line_type,
    'placed' as status,
    cast(null as bigint) as store_id,
    cast(null as bigint) as product_id,
    quantity,
    amount_cents,
    cast(0 as bigint) as discount_cents,
    cast(0 as bigint) as coupon_discount_cents,
    currency,
    ordered_at as occurred_at,
    ordered_at as updated_at,
    _arrival
from {{ ref('stg_shop__orders') }}
