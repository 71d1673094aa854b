{{ config(materialized='view') }}

select
    event_id,
    'email' as address_kind,
    email as address,
    'marketing' as purpose,
    'email' as channel,
    'withdrawn' as action,
    occurred_at,
    'esp ' || event as origin,
    cast(null as varchar) as text_version,
    _arrival
from {{ ref('stg_esp__events') }}
where event in ('unsubscribe', 'spam_report') and email is not null
