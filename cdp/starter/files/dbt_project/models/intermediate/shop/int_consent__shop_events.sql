{{ config(materialized='view') }}

select
    'shop:' || order_id as event_id,
    'email' as address_kind,
    email as address,
    'marketing' as purpose,
    'email' as channel,
    newsletter_action as action,
    ordered_at as occurred_at,
    'checkout' as origin,
    cast(null as varchar) as text_version,
    _arrival
from {{ ref('stg_shop__orders') }}
where email is not null and newsletter_action is not null
