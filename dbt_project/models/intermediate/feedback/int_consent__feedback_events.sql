{{ config(materialized='view') }}

select
    'feedback:' || feedback_event_id as event_id,
    case when channel = 'email' then 'email' else 'phone' end as address_kind,
    case when channel = 'email' then email else phone end as address,
    'marketing' as purpose,
    channel,
    cast(null as varchar) as message_class,
    'withdrawn' as action,
    cast(null as varchar) as lawful_basis,
    occurred_at,
    destination_name || ' ' || kind as form,
    cast(null as varchar) as text_version,
    cast(null as varchar) as text_sha256,
    cast(null as varchar) as locale,
    _arrival,
    _loaded_at
from {{ ref('stg_feedback__events') }}
where kind in ('unsubscribed', 'complained')
