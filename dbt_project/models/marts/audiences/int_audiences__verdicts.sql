{%- set message_events = var('message_events') -%}

with reach as (

    select
        audience_name,
        customer_id,
        max(case when not is_do_not_contact then 1 else 0 end) = 1 as may_be_contacted,
        max(case when not is_do_not_contact and has_address then 1 else 0 end) = 1 as has_address,
        max(case when not is_do_not_contact and has_address and is_consented then 1 else 0 end) = 1 as has_consent,
        max(case when not is_do_not_contact and has_address and is_consented and not is_suppressed then 1 else 0 end) = 1 as is_reachable
    from {{ ref('int_audiences__candidates') }}
    group by audience_name, customer_id

),

-- What counts against a cap: messages of the audience's channel that were sent within its span before as_of.
sent as (

    select
        customer_id,
        occurred_at,
        case
            {%- for channel, event_types in message_events.items() if event_types %}
            when event_type in ('{{ event_types | join("', '") }}') then '{{ channel }}'
            {%- endfor %}
            else ''
        end as channel
    from {{ ref('fct_customer_events') }}
    where
        customer_id is not null
        and occurred_at > {{ add_hours(as_of(), '-(select max(cap_hours) from ' ~ ref('int_audiences__definitions') ~ ')') }}
        and occurred_at <= {{ as_of() }}
        and event_type in ('{{ message_events.values() | sum(start=[]) | join("', '") }}')

),

messages as (

    select
        definitions.audience_name,
        sent.customer_id,
        count(*) as messages_count
    from {{ ref('int_audiences__definitions') }} as definitions
    inner join sent
        on
            definitions.channel = sent.channel
            and sent.occurred_at > {{ add_hours(as_of(), '-definitions.cap_hours') }}
    where definitions.cap_messages is not null
    group by definitions.audience_name, sent.customer_id

),

capped as (

    select
        reach.*,
        definitions.priority_group,
        definitions.priority,
        definitions.experiment,
        case when definitions.cap_messages is not null then coalesce(messages.messages_count, 0) end as messages_count,
        definitions.cap_messages is null or coalesce(messages.messages_count, 0) < definitions.cap_messages as is_below_cap
    from reach
    inner join {{ ref('int_audiences__definitions') }} as definitions on reach.audience_name = definitions.audience_name
    left join messages on reach.audience_name = messages.audience_name and reach.customer_id = messages.customer_id

),

claimed as (

    select
        *,
        min(case when is_reachable and is_below_cap then priority end) over (
            partition by priority_group, customer_id
        ) as first_priority
    from capped

),

chosen as (

    select
        *,
        priority_group is null or coalesce(priority = first_priority, false) as is_first_choice
    from claimed

),

drawn as (

    select
        *,
        case
            when is_reachable and is_below_cap and is_first_choice and experiment is not null
                then {{ hash_bucket("experiment || '|' || cast(customer_id as varchar)", 10000) }}
        end as bucket
    from chosen

),

judged as (

    select
        drawn.*,
        allocations.variant,
        case
            when not drawn.may_be_contacted then 'do not contact'
            when not drawn.has_address then 'no address'
            when not drawn.has_consent then 'no consent'
            when not drawn.is_reachable then 'suppressed'
            when not drawn.is_below_cap then 'frequency cap'
            when not drawn.is_first_choice then 'another audience'
            when allocations.variant = 'holdout' then 'held out'
        end as fell_at
    from drawn
    left join {{ ref('int_audiences__allocations') }} as allocations
        on drawn.experiment = allocations.experiment and drawn.bucket = allocations.bucket

)

select
    audience_name,
    customer_id,
    may_be_contacted,
    has_address,
    has_consent,
    is_reachable,
    messages_count,
    is_below_cap,
    is_first_choice,
    variant,
    fell_at,
    fell_at is null as is_member
from judged
