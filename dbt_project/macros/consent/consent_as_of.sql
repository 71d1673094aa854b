{#
    What had been decided at a moment: one row per address, purpose, channel and class of messages. No row means no. For whoever
    asks what was allowed when a message was sent: `{{ consent_as_of("timestamp '2017-10-31 09:00:00'") }}`.
#}
{% macro consent_as_of(moment) -%}
(
    select *
    from {{ ref('fct_consent_periods') }}
    where decided_at <= {{ moment }} and (superseded_at is null or superseded_at > {{ moment }})
)
{%- endmacro %}
