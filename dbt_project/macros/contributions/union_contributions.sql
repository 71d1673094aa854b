{#
    All that the listed sources contribute, models of one shape (ADR 10). `%` in the pattern stands for the source; `columns` is
    {name: type}, so that an empty list is a relation without rows.
#}
{% macro union_contributions(list, pattern, columns, condition='true') -%}
    {%- for source_name in var(list) %}
    select {{ columns | join(', ') }} from {{ ref(pattern | replace('%', source_name)) }} where {{ condition }}
    {%- if not loop.last %} union all {%- endif -%}
    {%- else %}
    select {% for column, type in columns.items() %}cast(null as {{ type }}) as {{ column }}{{ ', ' if not loop.last }}{% endfor %} where 1 = 0
    {%- endfor %}
{%- endmacro %}
