{# The column names a row: it is always set, and no two rows share it. One query where `unique` and `not_null` are two. #}
{% test candidate_key(model, column_name) %}
    select {{ column_name }}, count(*) as copies
    from {{ model }}
    group by {{ column_name }}
    having count(*) > 1 or {{ column_name }} is null
{% endtest %}
