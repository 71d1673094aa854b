{# Why a link does not count, without the pair of records that a steward has named. #}
{% macro plain_reason(reason) -%}
    case when {{ reason }} like '% steward %' then 'kept apart by a steward' else {{ reason }} end
{%- endmacro %}
