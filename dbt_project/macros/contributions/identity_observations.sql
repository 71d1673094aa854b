{#
    What the rows of a relation say about who its records are: one row per record and identifier shown, and one without an
    identifier per row, so that a record exists even where it shows nothing.

    identifiers: {type: column}; `deleted` is a condition under which the source has taken the record back; records of a
    transaction (a receipt, a guest order) are many per person, where accounts and cards are few. Where a row `replaces` what its
    record showed before, an identifier that the newest row no longer has is forgotten.
#}
{% macro identity_observations(relation, source_name, record_key, identifiers, observed_at, name_key='cast(null as varchar)', where='true', deleted='false', is_transaction=false, replaces=false) -%}
    {%- set shown = [(none, 'cast(null as varchar)')] + (identifiers.items() | list) -%}
    {%- for type, column in shown %}
    select
        '{{ source_name }}' as source_name,
        {{ record_key }} as record_key,
        {% if type %}'{{ type }}'{% else %}cast(null as varchar){% endif %} as identifier_type,
        {{ column }} as identifier_value,
        {{ name_key }} as name_key,
        {{ deleted }} as is_deleted,
        {{ is_transaction }} as is_transaction,
        {{ replaces }} as is_replacement,
        {{ observed_at }} as observed_at,
        _batch,
        _file,
        _line
    from {{ relation }}
    where {{ where }} {%- if type %} and {{ column }} is not null{% endif %}
    {%- if not loop.last %}
    union all
    {%- endif -%}
    {%- endfor %}
{%- endmacro %}
