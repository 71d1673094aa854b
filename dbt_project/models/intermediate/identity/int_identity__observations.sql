{{ config(materialized='incremental', unique_key='record_key', incremental_strategy='delete+insert') }}

{%- set types = var('identifier_types') %}
{%- set columns = {
    'source_name': 'varchar', 'record_key': 'varchar', 'name_key': 'varchar', 'is_deleted': 'boolean', 'is_transaction': 'boolean',
    'is_replacement': 'boolean', 'observed_at': 'timestamp', '_arrival': 'bigint',
} %}
{%- for type in types %}{% do columns.update({type: 'varchar'}) %}{% endfor %}

with arrived as (

    {{ union_contributions('identity_sources', 'int_identity__%_observations', columns, condition=is_new()) }}

),

grouped as (

    select
        record_key,
        {{ types | join(', ') }},
        min(source_name) as source_name,
        max(name_key) as name_key,
        max(case when is_deleted then 1 else 0 end) = 1 as is_deleted,
        max(case when is_transaction then 1 else 0 end) = 1 as is_transaction,
        max(case when is_replacement then 1 else 0 end) = 1 as is_replacement,
        min(observed_at) as first_seen_at,
        max(observed_at) as last_seen_at,
        count(*) as times_observed,
        min(_arrival) as _arrival
    from arrived
    group by record_key, {{ types | join(', ') }}

),

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
    where grouped.{{ type }} is not null
    {%- endfor %}

),

shown as (

    select
        record_key,
        identifier_type,
        identifier_value,
        min(source_name) as source_name,
        max(name_key) as name_key,
        max(case when is_deleted then 1 else 0 end) = 1 as is_deleted,
        max(case when is_transaction then 1 else 0 end) = 1 as is_transaction,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        sum(times_observed) as times_observed,
        min(_arrival) as _arrival
    from unpivoted
    group by record_key, identifier_type, identifier_value

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
        touched.is_deleted,
        known.is_transaction,
        known.first_seen_at,
        known.last_seen_at,
        known.times_observed,
        known._arrival
    from {{ this }} as known
    inner join touched on known.record_key = touched.record_key
    where not touched.is_replaced or known.identifier_type is null

),

merged as (

    select
        record_key,
        identifier_type,
        identifier_value,
        min(source_name) as source_name,
        max(name_key) as name_key,
        max(case when is_deleted then 1 else 0 end) = 1 as is_deleted,
        max(case when is_transaction then 1 else 0 end) = 1 as is_transaction,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        sum(times_observed) as times_observed,
        min(_arrival) as _arrival
    from (
        select * from shown
        union all
        select * from known
    ) as both_sides
    group by record_key, identifier_type, identifier_value

)

{% else %}

merged as (

    select * from shown

)

{% endif %}

select
    record_key,
    identifier_type,
    identifier_value,
    source_name,
    max(name_key) over (partition by record_key) as name_key,
    is_deleted,
    is_transaction,
    first_seen_at,
    last_seen_at,
    cast(times_observed as bigint) as times_observed,
    _arrival
from merged
