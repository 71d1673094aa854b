{{ config(materialized='view') }}

select
    message_id,
    destination_name,
    cast(null as varchar) as channel,
    sync_name as campaign,
    cast(null as varchar) as address_kind,
    cast(null as varchar) as address,
    'sent' as event_type,
    cast(null as varchar) as detail,
    sent_at as occurred_at
from {{ ref('int_messages__sends') }}
where sent_at is not null
