{# A text with every match of a pattern replaced; the pattern is one that POSIX and RE2 read alike. #}
{% macro replace_matches(text, pattern, replacement='') %}regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g'){% endmacro %}
