{{ config(materialized='incremental', incremental_strategy='append', full_refresh=false) }}

{%- set columns = {
    'event_id': 'varchar', 'address_kind': 'varchar', 'address': 'varchar', 'purpose': 'varchar', 'channel': 'varchar',
    'message_class': 'varchar', 'action': 'varchar', 'lawful_basis': 'varchar', 'occurred_at': 'timestamp', 'form': 'varchar',
    'text_version': 'varchar', 'text_sha256': 'varchar', 'locale': 'varchar', '_arrival': 'bigint', '_loaded_at': 'timestamp',
} -%}
{#- What was said: the same under the same id is the same event, delivered again. -#}
{%- set words = ['address_kind', 'address', 'purpose', 'channel', 'message_class', 'action'] -%}
{#- The newest arrival of each source, not of the last build: of a source that joins later, everything is new. -#}
{%- set newest = {} -%}
{%- if execute and is_incremental() -%}
    {%- set known = run_query('select source_name, max(_arrival) from ' ~ this ~ ' group by source_name') -%}
    {%- for source_name in known.columns[0].values() -%}
        {%- do newest.update({source_name: known.columns[1].values()[loop.index0] | int}) -%}
    {%- endfor -%}
{%- endif %}

with reported as (

    {%- for source_name in var('consent_sources') %}
    select
        '{{ source_name }}' as source_name,
        {{ columns | join(', ') }}
    from {{ ref('int_consent__' ~ source_name ~ '_events') }}
    where _arrival > {{ newest.get(source_name, 0) }}
    {%- if not loop.last %} union all {%- endif %}
    {%- else %}
    {{ union_contributions('consent_sources', '', dict(columns, source_name='varchar')) }}
    {%- endfor %}

),

-- What the list of suppressed addresses remembers is news only where the ledger has no such word.
remembered as (

    select
        'listed' as source_name,
        {{ columns | join(', ') }}
    from {{ ref('int_consent__listed_events') }} as listed
    where
        {%- for ledger in ['reported'] + ([this] if is_incremental() else []) %}
        {{ 'and ' if not loop.first }}not exists (
            select 1
            from {{ ledger }} as said
            where
                said.address_kind = listed.address_kind
                and said.address = listed.address
                and said.purpose = listed.purpose
                and said.channel = listed.channel
                and said.action = listed.action
                and said.occurred_at = listed.occurred_at
        )
        {%- endfor %}

),

arrived as (

    select source_name, {{ columns | join(', ') }} from reported
    union all
    select source_name, {{ columns | join(', ') }} from remembered

),

heard as (

    select
        *,
        coalesce(event_id, '') as said_as,
        address_kind is not null and address is not null as has_address,
        coalesce(action in ('requested', 'confirmed', 'granted'), false) as is_yes,
        row_number() over (
            partition by source_name, coalesce(event_id, ''), {{ words | join(', ') }}, occurred_at order by _arrival asc
        ) as delivery
    from arrived

),

-- A form that sends the same words again sends nothing new.
news as (

    select
        heard.*,
        row_number() over (
            partition by heard.source_name, heard.said_as
            order by case when heard.has_address then 0 else 1 end asc, heard._arrival asc
        ) as claim
    from heard
    where
        heard.delivery = 1
        {% if is_incremental() -%}
        and not exists (
            select 1
            from {{ this }} as known
            where
                known.source_name = heard.source_name
                and known.event_id in (heard.said_as, heard.said_as || '@' || cast(known._arrival as varchar))
                {%- for word in words %}
                and coalesce(known.{{ word }}, '') = coalesce(heard.{{ word }}, '')
                {%- endfor %}
                and (known.occurred_at = heard.occurred_at or heard.occurred_at is null)
        )
        {%- endif %}

),

-- An id belongs to the first words under it that can be read; what else is said under it stands beside them.
named as (

    select
        news.*,
        news.claim = 1 and news.has_address and news.event_id is not null
        {%- if is_incremental() %} and holders.event_id is null{% endif %} as has_the_id
    from news
    {% if is_incremental() -%}
    left join {{ this }} as holders on news.source_name = holders.source_name and news.said_as = holders.event_id
    {%- endif %}

)

select
    cast(source_name as varchar) as source_name,
    cast(case when has_the_id then said_as else said_as || '@' || cast(_arrival as varchar) end as varchar) as event_id,
    cast(address_kind as varchar) as address_kind,
    cast(address as varchar) as address,
    cast(purpose as varchar) as purpose,
    cast(channel as varchar) as channel,
    cast(message_class as varchar) as message_class,
    cast(action as varchar) as action,
    cast(lawful_basis as varchar) as lawful_basis,
    -- A no without a moment holds from when we learned of it.
    case when is_yes then occurred_at else coalesce(occurred_at, _loaded_at) end as occurred_at,
    cast(form as varchar) as form,
    cast(text_version as varchar) as text_version,
    cast(text_sha256 as varchar) as text_sha256,
    cast(locale as varchar) as locale,
    cast(_arrival as bigint) as _arrival,
    _loaded_at as landed_at,
    cast(
        case
            when not has_address then 'no readable address'
            when is_yes and not has_the_id then 'id was used before'
            when is_yes and occurred_at is null then 'no moment'
        end as varchar
    ) as set_aside
from named
