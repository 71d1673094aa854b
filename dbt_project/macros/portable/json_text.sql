{# The text at a path (`a.b`) of a JSON text column; null where there is none. #}
{% macro json_text(column, path) %}{{ return(adapter.dispatch('json_text', 'cdp')(column, path)) }}{% endmacro %}

{% macro default__json_text(column, path) %}json_extract_string({{ column }}, '$.{{ path }}'){% endmacro %}

{% macro postgres__json_text(column, path) %}(cast({{ column }} as json) #>> '{ {{- path | replace('.', ',') -}} }'){% endmacro %}
