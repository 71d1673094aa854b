{# Statistics of a table just built, where the engine does not keep them itself. #}
{% macro analyze_table() %}{{ return(adapter.dispatch('analyze_table', 'cdp')()) }}{% endmacro %}

{% macro default__analyze_table() %}{% endmacro %}

{% macro postgres__analyze_table() %}{% if model.config.materialized != 'view' %}analyze {{ this }}{% endif %}{% endmacro %}
