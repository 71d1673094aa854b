{{ config(materialized='view') }}

select
    'consent:' || event_id as event_id,
    address_kind || ':' || address as record_key,
    'consent_' || action as event_type,
    occurred_at,
    cast(null as bigint) as value_cents,
    cast(null as varchar) as currency,
    channel,
    purpose || '/' || channel as subject,
    'raw_consent.events' as source_table,
    _arrival
from {{ ref('stg_consent__events') }}
