{{ config(materialized='view') }}

select
    'web:' || message_id as event_id,
    case when account_id is null then 'web:cookie:' || anonymous_id else 'shop:account:' || account_id end as record_key,
    case message_type when 'track' then replace({{ fold_case('event') }}, ' ', '_') else message_type end as event_type,
    sent_at as occurred_at,
    value_cents,
    case when value_cents is not null then coalesce(currency, '{{ var('home_currency') }}') end as currency,
    channel,
    coalesce(cart_id, order_id, product_id) as subject,
    'raw_web.events' as source_table,
    _arrival
from {{ ref('stg_web__events') }}
