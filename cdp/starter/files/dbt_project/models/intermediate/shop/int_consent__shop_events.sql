{{ config(materialized='view') }}

select
    'shop:' || order_id as event_id,
    'email' as address_kind,
    email as address,
    'marketing' as purpose,
    'email' as channel,
    'marketing' as message_class,
    newsletter_action as action,
    'consent' as lawful_basis,
    ordered_at as occurred_at,
    'checkout' as form,
    cast(null as varchar) as text_version,
    cast(null as varchar) as text_sha256,
    cast(null as varchar) as locale,
    _arrival,
    _loaded_at
from {{ ref('stg_shop__orders') }}
where newsletter_action is not null
