{# True where the whole text contains a match of a POSIX pattern. #}
{% macro regex_matches(text, pattern) %}{{ return(adapter.dispatch('regex_matches', 'cdp')(text, pattern)) }}{% endmacro %}

{% macro default__regex_matches(text, pattern) %}regexp_matches({{ text }}, '{{ pattern }}'){% endmacro %}

{% macro postgres__regex_matches(text, pattern) %}({{ text }} ~ '{{ pattern }}'){% endmacro %}
