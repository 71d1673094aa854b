{# Binary logarithm, alike on every engine. #}
{% macro log2(expression) %}(ln({{ expression }}) / ln(cast(2 as double precision))){% endmacro %}

{# A weight in bits as it is stored: six decimals, so that engines agree on every digit. #}
{% macro bits(expression) %}cast({{ expression }} as decimal(18, 6)){% endmacro %}

{# The probability that a weight in bits stands for. #}
{% macro probability(weight) -%}
    cast(1.0 / (1.0 + power(cast(2 as double precision), greatest(least(-({{ weight }}), 200), -200))) as decimal(18, 9))
{%- endmacro %}

{# {level: column} of the levels at which frequent terms weigh less. #}
{% macro weighed_terms(comparison) %}
    {%- set columns = {} -%}
    {%- for level in comparison.levels if level.term_frequency is defined -%}
        {%- do columns.update({comparison.levels | length - comparison.levels.index(level): level.term_frequency}) -%}
    {%- endfor -%}
    {{- return(columns) -}}
{% endmacro %}

{# On what two records agree of all that follows the name, as the seed `match_namesakes` writes it. #}
{% macro name_levels(relation) %}
    {%- set parts = [] -%}
    {%- for name, comparison in var('match_model').comparisons.items() if comparison.get('follows_name', false) -%}
        {%- do parts.append("'" ~ name ~ ":' || cast(" ~ relation ~ "." ~ name ~ "_level as varchar)") -%}
    {%- endfor -%}
    {{- parts | join(" || ' ' || ") if parts else "''" -}}
{% endmacro %}
