{# The newest row is at most this many hours older than `as_of`; an empty table is stale. #}
{% test fresh_within(model, field, hours) %}
    select newest
    from (select max({{ field }}) as newest from {{ model }}) as freshness
    where newest is null or newest < {{ add_hours(as_of(), -hours) }}
{% endtest %}
