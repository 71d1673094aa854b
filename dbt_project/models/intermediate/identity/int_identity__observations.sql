{{ config(materialized='incremental', unique_key='record_key', incremental_strategy='delete+insert') }}

{%- set types = var('identity').identifiers | list %}
{%- set columns = {
    'source_name': 'varchar', 'record_key': 'varchar', 'name_key': 'varchar', 'is_deleted': 'boolean', 'is_transaction': 'boolean',
    'is_replacement': 'boolean', 'observed_at': 'timestamp', '_arrival': 'bigint',
} %}
{%- for type in types %}{% do columns.update({type: 'varchar'}) %}{% endfor %}
{%- set columns_shown = [
    'record_key', 'identifier_type', 'identifier_value', 'source_name', 'name_key', 'least_name_key', 'is_deleted', 'is_transaction',
    'first_seen_at', 'last_seen_at', 'times_observed', '_arrival', '_last_arrival',
] %}

with arrived as (

    {{ union_contributions('identity_sources', 'int_identity__%_observations', columns, condition=is_new()) }}

),

grouped as (

    select
        record_key,
        {{ types | join(', ') }},
        max(case when is_replacement then 1 else 0 end) = 1 as is_replacement,
        {{ observed_together('name_key', 'observed_at', 'observed_at', 'count(*)', '_arrival', '_arrival') }}
    from arrived
    group by record_key, {{ types | join(', ') }}

),

-- An identifier of blanks is none: everybody without one would share it.
unpivoted as (

    select
        grouped.*,
        cast(null as varchar) as identifier_type,
        cast(null as varchar) as identifier_value
    from grouped
    {%- for type in types %}
    union all
    select
        grouped.*,
        '{{ type }}' as identifier_type,
        grouped.{{ type }} as identifier_value
    from grouped
    where trim(grouped.{{ type }}) <> ''
    {%- endfor %}

),

{% if is_incremental() %}

touched as (

    select
        record_key,
        max(case when is_replacement then 1 else 0 end) = 1 as is_replaced,
        max(case when is_deleted then 1 else 0 end) = 1 as is_deleted
    from grouped
    group by record_key

),

known as (

    select
        known.record_key,
        known.identifier_type,
        known.identifier_value,
        known.source_name,
        case when not touched.is_replaced then known.name_key end as name_key,
        case when not touched.is_replaced then known.least_name_key end as least_name_key,
        touched.is_deleted,
        known.is_transaction,
        known.first_seen_at,
        known.last_seen_at,
        known.times_observed,
        known._arrival,
        known._last_arrival
    from {{ this }} as known
    inner join touched on known.record_key = touched.record_key
    where not touched.is_replaced or known.identifier_type is null

),

{% endif %}

shown as (

    select
        {{ columns_shown | join(',\n        ') }}
    from unpivoted
    {%- if is_incremental() %}
    union all
    select
        {{ columns_shown | join(',\n        ') }}
    from known
    {%- endif %}

),

merged as (

    select
        record_key,
        identifier_type,
        identifier_value,
        {{ observed_together('least_name_key', 'first_seen_at', 'last_seen_at', 'sum(times_observed)', '_arrival', '_last_arrival') }}
    from shown
    group by record_key, identifier_type, identifier_value

)

select
    record_key,
    identifier_type,
    identifier_value,
    source_name,
    max(name_key) over (partition by record_key) as name_key,
    min(least_name_key) over (partition by record_key) as least_name_key,
    is_deleted,
    is_transaction,
    first_seen_at,
    last_seen_at,
    cast(times_observed as bigint) as times_observed,
    _arrival,
    max(_last_arrival) over (partition by record_key) as _last_arrival
from merged
