{#
    What a customer may hold only so many of: (node_id, kind, held_value, most_values). Two records that a steward keeps apart
    each hold one of two values of which one is allowed.
#}
{% macro exclusive_values_sql(tables) -%}
    select evidence.node_id, 'steward: ' || evidence.hub as kind, cast(evidence.node_id as varchar) as held_value, 1 as most_values
    from {{ tables.evidence }} as evidence
    where evidence.rule = 'never_link'
    {%- for type, declared in tables.limited.items() %}
    union all
    select
        evidence.node_id,
        '{{ exclusive_kind(type, declared) }}' as kind,
        evidence.identifier_value as held_value,
        {{ declared.max_per_customer }} as most_values
    from {{ tables.evidence }} as evidence
    where
        evidence.identifier_type = '{{ type }}'
        and evidence.suppression_reason is null
        {%- if declared.get('within_days') %}
        and {{ seen_within('evidence', declared.within_days) }}
        {%- endif %}
    {%- endfor %}
{%- endmacro %}

{# A type as the reasons name it; no type has a colon or a blank, so none is taken for a steward's pair, or for another's window. #}
{% macro exclusive_kind(type, declared) -%}
    {{ type }}{{ ' within ' ~ declared.within_days ~ ' days' if declared.get('within_days') }}
{%- endmacro %}

{# Kinds of which a customer holds fewer as time passes, though nothing arrives. #}
{% macro passing_kinds(tables) %}
    {%- set kinds = [] -%}
    {%- for type, declared in tables.limited.items() if declared.get('within_days') -%}
        {%- do kinds.append(exclusive_kind(type, declared)) -%}
    {%- endfor -%}
    {{ return(kinds) }}
{% endmacro %}
