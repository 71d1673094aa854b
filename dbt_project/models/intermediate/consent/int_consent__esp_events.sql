{{ config(materialized='view') }}

select
    event_id,
    'email' as address_kind,
    email as address,
    'marketing' as purpose,
    'email' as channel,
    cast(null as varchar) as message_class,
    'withdrawn' as action,
    cast(null as varchar) as lawful_basis,
    occurred_at,
    event as form,
    cast(null as varchar) as text_version,
    cast(null as varchar) as text_sha256,
    cast(null as varchar) as locale,
    _arrival,
    _loaded_at
from {{ ref('stg_esp__events') }}
where event in ('unsubscribe', 'spam_report')
