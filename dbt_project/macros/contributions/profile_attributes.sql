{#
    What the rows of a relation know about people: one row per record and attribute that has a value. `verified` is
    {attribute: condition} under which the source has checked what it says.
#}
{% macro profile_attributes(relation, source_name, record_key, attributes, observed_at, where='true', verified={}) -%}
    {%- for attribute, expression in attributes.items() %}
    select
        '{{ source_name }}' as source_name,
        {{ record_key }} as record_key,
        '{{ attribute }}' as attribute,
        cast({{ expression }} as varchar) as attribute_value,
        {{ verified.get(attribute, 'false') }} as is_verified,
        {{ observed_at }} as observed_at,
        _arrival
    from {{ relation }}
    where {{ where }} and trim(coalesce(cast({{ expression }} as varchar), '')) <> ''
    {%- if not loop.last %}
    union all
    {%- endif -%}
    {%- endfor %}
{%- endmacro %}
