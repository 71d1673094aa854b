{{ config(materialized='view') }}

-- Token to token: no model knows a key.
select
    listings.listing_id,
    listings.reason,
    listings.listed_at,
    tokens.address_kind,
    tokens.address,
    min(case when tokens._arrival > listings._arrival then tokens._arrival else listings._arrival end) as _arrival,
    max(case when tokens._arrival > listings._arrival then tokens._loaded_at else listings._loaded_at end) as _loaded_at
from {{ ref('stg_suppression__listings') }} as listings
inner join {{ ref('stg_suppression__tokens') }} as tokens on listings.key_id = tokens.key_id and listings.token = tokens.token
group by listings.listing_id, listings.reason, listings.listed_at, tokens.address_kind, tokens.address
