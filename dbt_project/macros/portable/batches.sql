{#
    True for rows that landed after the previous generation was built; for every row in a first build or a full refresh.
    `_arrival` grows over batches, files and lines; the watermark is pasted as a constant so that Parquet statistics can prune.
#}
{% macro is_new(alias='') -%}
    {%- set column = (alias ~ '.' if alias else '') ~ '_arrival' -%}
    {%- if execute and is_incremental() -%} {{ column }} > {{ last_arrival() }} {%- else -%} true {%- endif -%}
{%- endmacro %}

{# The newest `_arrival` that the previous generation could see. #}
{% macro last_arrival() -%}
    {%- set rows = run_query('select last_arrival from ' ~ source('control', 'clock')) -%}
    {{ return(rows.columns[0].values()[0] | int) }}
{%- endmacro %}
