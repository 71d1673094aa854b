{# One row per value, as `column`: a relation of a list that is declared. #}
{% macro rows_of(column, values) -%}
    {%- for value in values %}
    select '{{ value }}' as {{ column }}
    {%- if not loop.last %} union all {%- endif %}
    {%- endfor %}
{%- endmacro %}
