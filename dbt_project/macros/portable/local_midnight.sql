{# When the day `days_ago` before today began in a time zone (an IANA name), as naive UTC; today is the zone's day at a moment. #}
{% macro local_midnight(moment, zone, days_ago) -%}
    {{ return(adapter.dispatch('local_midnight', 'cdp')(moment, zone, days_ago)) }}
{%- endmacro %}

{% macro default__local_midnight(moment, zone, days_ago) -%}
    ((cast(cast((({{ moment }} at time zone 'UTC') at time zone {{ zone }}) as date) - {{ days_ago }} as timestamp) at time zone {{ zone }}) at time zone 'UTC')
{%- endmacro %}
