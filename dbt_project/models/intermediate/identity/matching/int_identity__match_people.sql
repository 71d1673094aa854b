{{ config(materialized='incremental', unique_key='record_key', incremental_strategy='delete+insert') }}

{%- set columns = {'source_name': 'varchar', 'record_key': 'varchar'} %}
{%- for attribute in match_attributes() %}{% do columns.update({attribute: 'varchar'}) %}{% endfor %}
{%- do columns.update({'is_deleted': 'boolean', 'observed_at': 'timestamp', '_arrival': 'bigint'}) %}

with arrived as (

    {{ union_contributions('match_sources', 'int_identity__%_people', columns, condition=is_new()) }}

),

ranked as (

    select
        arrived.*,
        row_number() over (
            partition by record_key
            order by observed_at desc nulls last, _arrival desc, source_name asc
        ) as recency
    from arrived

)

select
    {% for column in columns %}ranked.{{ column }}{{ ',\n    ' if not loop.last }}{% endfor %}
from ranked
where
    ranked.recency = 1
    {% if is_incremental() %}
    and not exists (
        select 1
        from {{ this }} as known
        where
            known.record_key = ranked.record_key
            and (
                known.observed_at > ranked.observed_at
                or (known.observed_at is not null and ranked.observed_at is null)
            )
    )
    {% endif %}
