{#
    The fifth of all rows in which a value stands, 1 the lowest and 5 the highest: by the share of rows with a lower value, so that
    equal values get equal scores.
#}
{% macro quintile(column) -%}
    1 + floor(5.0 * (rank() over (order by {{ column }} asc) - 1) / count(*) over ())
{%- endmacro %}
