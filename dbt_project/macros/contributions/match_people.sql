{#
    What the rows of a relation say about the people its records are about, to compare them by: one row per row of the relation.
    `attributes` is {attribute: column}; a `full_name` is taken apart where given and family name are missing. `deleted` is a
    condition under which the source has taken the record back.
#}
{% macro match_people(relation, source_name, record_key, attributes, observed_at, where='true', deleted='false') %}
select
    '{{ source_name }}' as source_name,
    {{ record_key }} as record_key,
    {%- for attribute in match_attributes() %}
    cast({{ attributes.get(attribute, 'null') }} as varchar) as {{ attribute }},
    {%- endfor %}
    {{ deleted }} as is_deleted,
    {{ observed_at }} as observed_at,
    _arrival
from {{ relation }}
where {{ where }}
{% endmacro %}

{# What a source may say about a person. `match_model.attributes` are the company's own, compared as standard text. #}
{% macro match_attributes() %}
    {{- return([
        'full_name', 'given_name', 'middle_name', 'family_name', 'birth_date', 'sex', 'email', 'phone', 'street', 'street_extra', 'city',
        'postcode', 'state', 'country'
    ] + var('match_model').get('attributes', [])) -}}
{% endmacro %}
