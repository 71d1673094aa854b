{{ config(
    materialized='incremental',
    unique_key=['address_kind', 'address'],
    incremental_strategy='delete+insert',
) }}

{%- set terms = var('consent') -%}
{%- set topic = 'address_kind, address, purpose, channel, message_class' -%}

with purposes as (

    {{ rows_of('purpose', terms['purposes']) }}

),

classes as (

    {{ rows_of('message_class', terms['message_classes']) }}

),

channels as (

    {{ rows_of('channel', terms['channels']) }}

),

-- All that was ever said about an address, where anything is new; of a source that has just joined, everything is.
events as (

    select
        *,
        coalesce(action in ('requested', 'confirmed', 'granted'), false) as is_yes,
        coalesce(purpose in (select purposes.purpose from purposes), false) as names_a_purpose,
        coalesce(message_class in (select classes.message_class from classes), false) as names_a_class,
        coalesce(channel in (select channels.channel from channels), false) as names_a_channel
    from {{ ref('fct_consent_events') }}
    where
        set_aside is null
        {% if is_incremental() -%}
        and (address_kind, address) in (
            select
                recent.address_kind,
                recent.address
            from {{ ref('fct_consent_events') }} as recent
            where {{ is_new('recent') }} or recent.source_name not in (select known.source_name from {{ this }} as known)
        )
        {%- endif %}

),

-- Who agrees without saying to what agrees to marketing; who says no without saying to what says it to everything.
-- So does a no for a purpose or by a channel that does not exist: it may be any of them, spelled in another way.
spoken as (

    select
        events.source_name,
        events.event_id,
        events.address_kind,
        events.address,
        purposes.purpose,
        channels.channel,
        classes.message_class,
        events.action,
        events.is_yes,
        events.lawful_basis,
        events.occurred_at,
        events.form,
        events.text_version,
        events.text_sha256,
        events.locale
    from events
    cross join classes
    inner join purposes on events.purpose = purposes.purpose or (not events.is_yes and not events.names_a_purpose)
    inner join channels on events.channel = channels.channel or (not events.is_yes and not events.names_a_channel)
    where
        events.message_class = classes.message_class
        or (events.is_yes and events.message_class is null and classes.message_class = 'marketing')
        or (not events.is_yes and not events.names_a_class)

),

preceded as (

    select
        *,
        max(case when action = 'requested' then occurred_at end) over (partition by {{ topic }} order by occurred_at) as requested_at,
        max(case when not is_yes then occurred_at end) over (partition by {{ topic }} order by occurred_at) as withdrawn_at
    from spoken

),

-- A request decides nothing, and so does a confirmation without a request that still stands.
decisions as (

    select *
    from preceded
    where
        action = 'granted'
        or not is_yes
        or (action = 'confirmed' and requested_at is not null and (withdrawn_at is null or requested_at > withdrawn_at))

),

followed as (

    select
        *,
        lead(occurred_at) over (
            partition by {{ topic }}
            order by occurred_at asc, case when is_yes then 0 else 1 end asc, source_name desc, event_id desc
        ) as superseded_at
    from decisions

)

select
    cast(address_kind as varchar) as address_kind,
    cast(address as varchar) as address,
    cast(purpose as varchar) as purpose,
    cast(channel as varchar) as channel,
    cast(message_class as varchar) as message_class,
    is_yes as is_granted,
    occurred_at as decided_at,
    superseded_at,
    cast(lawful_basis as varchar) as lawful_basis,
    cast(source_name as varchar) as source_name,
    cast(form as varchar) as form,
    cast(text_version as varchar) as text_version,
    cast(text_sha256 as varchar) as text_sha256,
    cast(locale as varchar) as locale,
    cast(event_id as varchar) as event_id
from followed
where superseded_at is null or superseded_at > occurred_at
