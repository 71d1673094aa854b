{# The moment this build is for: naive UTC (ADR 4). #}
{% macro as_of() %}(select clock.as_of from {{ source('control', 'clock') }} as clock){% endmacro %}

{# A timestamp some days (or hours) later; negative is earlier. #}
{% macro add_days(timestamp, days) %}{{ return(adapter.dispatch('add_days', 'cdp')(timestamp, days)) }}{% endmacro %}
{% macro default__add_days(timestamp, days) %}({{ timestamp }} + ({{ days }}) * interval '1 day'){% endmacro %}

{% macro add_hours(timestamp, hours) %}{{ return(adapter.dispatch('add_hours', 'cdp')(timestamp, hours)) }}{% endmacro %}
{% macro default__add_hours(timestamp, hours) %}({{ timestamp }} + ({{ hours }}) * interval '1 hour'){% endmacro %}

{# Whole days from one timestamp to another, rounded down. #}
{% macro days_between(earlier, later) %}{{ return(adapter.dispatch('days_between', 'cdp')(earlier, later)) }}{% endmacro %}
{% macro default__days_between(earlier, later) -%}
    cast(floor((extract(epoch from {{ later }}) - extract(epoch from {{ earlier }})) / 86400.0) as bigint)
{%- endmacro %}
