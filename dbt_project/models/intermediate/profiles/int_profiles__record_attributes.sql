{{ config(materialized='incremental', unique_key=['record_key', 'attribute'], incremental_strategy='delete+insert') }}

{%- set columns = {
    'source_name': 'varchar', 'record_key': 'varchar', 'attribute': 'varchar', 'attribute_value': 'varchar',
    'is_verified': 'boolean', 'observed_at': 'timestamp', '_arrival': 'bigint',
} %}

with arrived as (

    {{ union_contributions('profile_sources', 'int_profiles__%_attributes', columns, condition=is_new()) }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by record_key, attribute
            order by observed_at desc, _arrival desc, source_name asc
        ) as recency
    from arrived

)

select
    ranked.record_key,
    ranked.attribute,
    ranked.attribute_value,
    ranked.source_name,
    ranked.is_verified,
    ranked.observed_at,
    ranked._arrival
from ranked
where
    ranked.recency = 1
    {% if is_incremental() %}
    and not exists (
        select 1
        from {{ this }} as known
        where
            known.record_key = ranked.record_key
            and known.attribute = ranked.attribute
            and known.observed_at > ranked.observed_at
    )
    {% endif %}
