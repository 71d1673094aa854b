{{ config(materialized='view') }}

with versions as (

    select
        *,
        row_number() over (partition by card_number order by _arrival) as version
    from {{ ref('stg_loyalty__members') }}

)

select
    'loyalty:joined:' || card_number as event_id,
    'loyalty:card:' || card_number as record_key,
    'loyalty_joined' as event_type,
    registered_at as occurred_at,
    cast(null as bigint) as value_cents,
    cast(null as varchar) as currency,
    cast(null as varchar) as channel,
    cast(null as varchar) as subject,
    'raw_loyalty.members' as source_table,
    _arrival
from versions
where version = 1 and registered_at is not null
