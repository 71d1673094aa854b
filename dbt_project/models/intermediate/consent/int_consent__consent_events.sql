{{ config(materialized='view') }}

select
    event_id,
    address_kind,
    address,
    purpose,
    channel,
    action,
    occurred_at,
    form as origin,
    text_version,
    _arrival
from {{ ref('stg_consent__events') }}
where address is not null
