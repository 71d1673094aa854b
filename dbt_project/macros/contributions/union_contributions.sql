{# All that the listed sources contribute, models of one shape (ADR 10). `%` in the pattern stands for the source. #}
{% macro union_contributions(list, pattern, columns, condition='true') -%}
    {%- for source_name in var(list) %}
    select {{ columns | join(', ') }} from {{ ref(pattern | replace('%', source_name)) }} where {{ condition }}
    {%- if not loop.last %} union all {%- endif -%}
    {%- endfor %}
{%- endmacro %}
