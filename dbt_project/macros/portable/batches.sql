{#
    True for rows that landed after the previous generation was built; for every row in a first build or a full refresh.
    The watermark is pasted as a constant so that Parquet statistics can prune.
#}
{% macro is_new(alias='') -%}
    {%- set column = (alias ~ '.' if alias else '') ~ '_batch' -%}
    {%- if execute and is_incremental() -%} {{ column }} > {{ previous_batch() }} {%- else -%} true {%- endif -%}
{%- endmacro %}

{% macro previous_batch() -%}
    {%- set rows = run_query('select previous_batch from ' ~ source('control', 'clock')) -%}
    {{ return(rows.columns[0].values()[0] | int) }}
{%- endmacro %}
