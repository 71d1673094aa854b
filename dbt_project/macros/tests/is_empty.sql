{# A rule is a table that must be empty. #}
{% test is_empty(model) %}
    select * from {{ model }}
{% endtest %}
