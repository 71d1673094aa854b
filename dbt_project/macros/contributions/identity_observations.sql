{#
    What the rows of a relation say about who its records are: one row per row of the relation, a column per identifier type
    (`vars.identifier_types`), null where a row does not show it.

    identifiers: {type: column}. `deleted` is a condition under which the source has taken the record back. Records of a
    transaction (a receipt, a guest order) are many per person, where accounts and cards are few. Where a row `replaces` what its
    record showed before, an identifier that the newest row no longer has is forgotten.
#}
{% macro identity_observations(
    relation, source_name, record_key, identifiers, observed_at,
    name_key='cast(null as varchar)', where='true', deleted='false', is_transaction='false', replaces='false'
) %}
select
    '{{ source_name }}' as source_name,
    {{ record_key }} as record_key,
    {%- for type in var('identifier_types') %}
    cast({{ identifiers.get(type, 'null') }} as varchar) as {{ type }},
    {%- endfor %}
    {{ name_key }} as name_key,
    {{ deleted }} as is_deleted,
    {{ is_transaction }} as is_transaction,
    {{ replaces }} as is_replacement,
    {{ observed_at }} as observed_at,
    _arrival
from {{ relation }}
where {{ where }}
{% endmacro %}
