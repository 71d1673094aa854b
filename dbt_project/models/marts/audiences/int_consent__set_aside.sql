{%- set terms = var('consent') -%}
{%- set purposes = "'" ~ terms['purposes'] | join("', '") ~ "'" -%}
{%- set channels = "'" ~ terms['channels'] | join("', '") ~ "'" -%}
{%- set message_classes = "'" ~ terms['message_classes'] | join("', '") ~ "'" -%}

with words as (

    select
        *,
        -- The id that the source gave it: whoever says it again may be readable.
        case when set_aside = 'no readable address' then replace(event_id, '@' || cast(_arrival as varchar), '') end as said_as
    from {{ ref('fct_consent_events') }}
    where set_aside is not null or action in ('requested', 'confirmed', 'granted')

),

judged as (

    select
        source_name,
        action,
        landed_at,
        case
            when set_aside is not null then set_aside
            when purpose not in ({{ purposes }}) or purpose is null then 'unknown purpose'
            when channel not in ({{ channels }}) or channel is null then 'unknown channel'
            when message_class not in ({{ message_classes }}) then 'unknown class'
        end as reason
    from words
    where
        not exists (
            select 1
            from {{ ref('fct_consent_events') }} as mended
            where mended.source_name = words.source_name and mended.event_id = words.said_as
        )

)

select
    cast(source_name as varchar) as source_name,
    cast(action as varchar) as action,
    cast(reason as varchar) as reason,
    cast(count(*) as bigint) as words_count,
    max(landed_at) as last_landed_at
from judged
where reason is not null
group by source_name, action, reason
