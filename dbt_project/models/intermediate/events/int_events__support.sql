{{ config(materialized='view') }}

with versions as (

    select
        *,
        row_number() over (partition by ticket_id order by _arrival) as version,
        row_number() over (partition by ticket_id, status order by _arrival) as version_in_status
    from {{ ref('stg_support__tickets') }}

)

select
    'support:' || ticket_id as event_id,
    'support:ticket:' || ticket_id as record_key,
    'ticket_created' as event_type,
    created_at as occurred_at,
    cast(null as bigint) as value_cents,
    cast(null as varchar) as currency,
    channel,
    subject,
    'raw_support.tickets' as source_table,
    _arrival
from versions
where version = 1
union all
select
    'support:solved:' || ticket_id as event_id,
    'support:ticket:' || ticket_id as record_key,
    'ticket_solved' as event_type,
    updated_at as occurred_at,
    cast(null as bigint) as value_cents,
    cast(null as varchar) as currency,
    channel,
    subject,
    'raw_support.tickets' as source_table,
    _arrival
from versions
where status = 'solved' and version_in_status = 1
