{{ config(materialized='incremental', incremental_strategy='append', full_refresh=false) }}

{%- set columns = {
    'event_id': 'varchar', 'address_kind': 'varchar', 'address': 'varchar', 'purpose': 'varchar', 'channel': 'varchar',
    'message_class': 'varchar', 'action': 'varchar', 'lawful_basis': 'varchar', 'occurred_at': 'timestamp', 'form': 'varchar',
    'text_version': 'varchar', 'text_sha256': 'varchar', 'locale': 'varchar', '_arrival': 'bigint', '_loaded_at': 'timestamp',
} -%}
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

-- A form that sends an event again sends nothing new.
first_deliveries as (

    select
        source_name,
        event_id,
        min(_arrival) as _arrival
    from arrived
    group by source_name, event_id

)

select
    cast(arrived.source_name as varchar) as source_name,
    cast(arrived.event_id as varchar) as event_id,
    cast(arrived.address_kind as varchar) as address_kind,
    cast(arrived.address as varchar) as address,
    cast(arrived.purpose as varchar) as purpose,
    cast(arrived.channel as varchar) as channel,
    cast(arrived.message_class as varchar) as message_class,
    cast(arrived.action as varchar) as action,
    cast(arrived.lawful_basis as varchar) as lawful_basis,
    arrived.occurred_at,
    cast(arrived.form as varchar) as form,
    cast(arrived.text_version as varchar) as text_version,
    cast(arrived.text_sha256 as varchar) as text_sha256,
    cast(arrived.locale as varchar) as locale,
    cast(arrived._arrival as bigint) as _arrival,
    arrived._loaded_at as landed_at
from arrived
inner join first_deliveries
    on
        arrived.source_name = first_deliveries.source_name
        and arrived.event_id = first_deliveries.event_id
        and arrived._arrival = first_deliveries._arrival
{% if is_incremental() -%}
where
    not exists (
        select 1
        from {{ this }} as known
        where known.source_name = arrived.source_name and known.event_id = arrived.event_id
    )
{%- endif %}
