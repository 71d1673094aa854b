{%- set columns = {
    'event_id': 'varchar', 'address_kind': 'varchar', 'address': 'varchar', 'purpose': 'varchar', 'channel': 'varchar',
    'action': 'varchar', 'occurred_at': 'timestamp', 'origin': 'varchar', 'text_version': 'varchar', '_arrival': 'bigint',
} %}

with contributions as (

    {{ union_contributions('consent_sources', 'int_consent__%_events', columns) }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by address_kind, address, purpose, channel
            order by
                occurred_at desc,
                case when action = 'granted' then 1 else 0 end asc,
                event_id asc
        ) as recency
    from contributions
    where occurred_at <= {{ as_of() }}

)

select
    cast(address_kind as varchar) as address_kind,
    cast(address as varchar) as address,
    cast(purpose as varchar) as purpose,
    cast(channel as varchar) as channel,
    action = 'granted' as is_granted,
    occurred_at as decided_at,
    cast(origin as varchar) as origin,
    cast(text_version as varchar) as text_version,
    cast(event_id as varchar) as event_id
from ranked
where recency = 1
