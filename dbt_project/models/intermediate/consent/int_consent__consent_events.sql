{{ config(materialized='view') }}

select
    event_id,
    address_kind,
    address,
    purpose,
    channel,
    message_class,
    action,
    lawful_basis,
    occurred_at,
    form,
    text_version,
    text_sha256,
    locale,
    _arrival,
    _loaded_at
from {{ ref('stg_consent__events') }}
