with events as (

    select
        *,
        case when channel = 'email' then email else phone end as address
    from {{ ref('stg_feedback__events') }}
    where kind not in ('replied', 'unreadable') and (message_key is not null or remote_id is not null)

),

-- Where the tool gives one thing back that says which message it was: its own name for it, or our key.
by_remote_id as (

    select
        destination_name,
        remote_id,
        min(message_id) as message_id
    from {{ ref('int_messages__sends') }}
    where remote_id is not null
    group by destination_name, remote_id
    having count(*) = 1

),

by_key as (

    select
        destination_name,
        row_key,
        min(message_id) as message_id
    from {{ ref('int_messages__sends') }}
    group by destination_name, row_key
    having count(*) = 1

)

select
    coalesce(
        sends.message_id,
        by_remote_id.message_id,
        by_key.message_id,
        events.destination_name || ':' || coalesce(events.remote_id, events.message_key) || ':' || coalesce(events.address, '')
    ) as message_id,
    events.destination_name,
    events.channel,
    coalesce(events.campaign, sends.sync_name) as campaign,
    case when events.address is not null then case when events.channel = 'email' then 'email' else 'phone' end end as address_kind,
    events.address,
    events.kind as event_type,
    events.detail,
    events.occurred_at
from events
left join {{ ref('int_messages__sends') }} as sends
    on
        events.destination_name = sends.destination_name
        and events.remote_id = sends.remote_id
        and events.message_key = sends.row_key
left join by_remote_id
    on
        events.destination_name = by_remote_id.destination_name
        and events.remote_id = by_remote_id.remote_id
        and events.message_key is null
left join by_key
    on events.destination_name = by_key.destination_name and events.message_key = by_key.row_key
