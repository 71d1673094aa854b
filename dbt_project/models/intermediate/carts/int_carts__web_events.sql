{{ config(materialized='view') }}

select
    cart_id,
    case when account_id is null then 'web:cookie:' || anonymous_id else 'shop:account:' || account_id end as record_key,
    case event when 'Product Added' then 'product_added' when 'Order Completed' then 'order_completed' else 'changed' end as event_type,
    product_id,
    order_id,
    value_cents,
    sent_at as occurred_at
from {{ ref('stg_web__events') }}
where cart_id is not null
