{{ config(materialized='view') }}

select
    'pos:' || receipt_id || ':' || cast(line_no as varchar) as order_line_id,
    'pos:' || case when receipt_type = 'return' then coalesce(original_receipt_id, receipt_id) else receipt_id end as order_id,
    case
        when card_number is not null then 'loyalty:card:' || card_number
        when phone is not null and receipt_type = 'sale' then 'pos:receipt:' || receipt_id
    end as record_key,
    'pos' as channel,
    receipt_type as line_type,
    'placed' as status,
    store_id,
    product_id,
    quantity,
    amount_cents,
    discount_cents,
    coupon_discount_cents,
    'USD' as currency,
    closed_at as occurred_at,
    closed_at as updated_at,
    _arrival
from {{ ref('stg_pos__receipt_lines') }}
