{{ config(materialized='view') }}

select
    'esp:' || event_id as event_id,
    'email:' || email as record_key,
    'email_' || event as event_type,
    occurred_at,
    cast(null as bigint) as value_cents,
    cast(null as varchar) as currency,
    'email' as channel,
    campaign as subject,
    'raw_esp.events' as source_table,
    _arrival
from {{ ref('stg_esp__events') }}
