{{ config(materialized='view') }}

with versions as (

    select
        *,
        row_number() over (partition by ticket_id order by _arrival) as version
    from {{ ref('stg_support__tickets') }}

)

select
    'support:' || ticket_id as event_id,
    'support:ticket:' || ticket_id as record_key,
    'ticket_created' as event_type,
    created_at as occurred_at,
    cast(null as bigint) as value_cents,
    channel as subject,
    'raw_support.tickets' as source_table,
    _arrival
from versions
where version = 1
