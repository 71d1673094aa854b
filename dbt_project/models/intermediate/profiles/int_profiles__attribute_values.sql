{%- set columns = ['source_name', 'record_key', 'attribute', 'attribute_value', 'observed_at', '_batch', '_file', '_line'] %}

with contributions as (

    {{ union_contributions('profile_sources', 'int_profiles__%_attributes', columns) }}

),

candidates as (

    select
        records.customer_id,
        contributions.attribute,
        contributions.attribute_value,
        contributions.source_name,
        contributions.record_key,
        contributions.observed_at,
        row_number() over (
            partition by records.customer_id, contributions.attribute
            order by
                rules.priority asc,
                contributions.observed_at desc,
                contributions._batch desc,
                contributions._file desc,
                contributions._line desc,
                contributions.attribute_value asc
        ) as standing
    from contributions
    inner join {{ ref('int_identity__records') }} as records on contributions.record_key = records.record_key
    inner join {{ ref('survivorship_rules') }} as rules
        on
            contributions.attribute = rules.attribute
            and contributions.source_name = rules.source_name

)

select
    customer_id,
    attribute,
    attribute_value,
    source_name,
    record_key,
    observed_at,
    standing = 1 as is_surviving
from candidates
