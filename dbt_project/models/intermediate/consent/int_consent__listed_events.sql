{{ config(materialized='view') }}

-- An unsubscribe is a word, which a later yes takes back; the list remembers it where the event is gone.
select
    listing_id || ':' || cast(cast(floor(extract(epoch from listed_at)) as bigint) as varchar) as event_id,
    address_kind,
    address,
    'marketing' as purpose,
    case when address_kind = 'phone' then 'sms' else 'email' end as channel,
    cast(null as varchar) as message_class,
    'withdrawn' as action,
    cast(null as varchar) as lawful_basis,
    listed_at as occurred_at,
    reason as form,
    cast(null as varchar) as text_version,
    cast(null as varchar) as text_sha256,
    cast(null as varchar) as locale,
    _arrival,
    _loaded_at
from {{ ref('int_consent__listed_addresses') }}
where reason = 'unsubscribed'
