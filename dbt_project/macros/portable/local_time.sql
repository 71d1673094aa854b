{# What a clock in an IANA time zone shows at a moment that is naive UTC. #}
{% macro local_time(timestamp, zone) %}({{ timestamp }} at time zone 'UTC' at time zone {{ zone }}){% endmacro %}
