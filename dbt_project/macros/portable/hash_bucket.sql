{# A number from 0 up to `buckets` that a text always falls into, on every engine: the first eight hex digits of its md5, modulo. #}
{% macro hash_bucket(text, buckets) -%}
    cast(mod({{ adapter.dispatch('hex_number', 'cdp')('substr(md5(' ~ text ~ '), 1, 8)', 8) }}, {{ buckets }}) as bigint)
{%- endmacro %}

{# The number that `digits` lowercase hex digits write. #}
{% macro default__hex_number(text, digits) -%}
    (
        {%- for place in range(1, digits + 1) %}
        (position(substr({{ text }}, {{ place }}, 1) in '0123456789abcdef') - 1) * cast({{ 16 ** (digits - place) }} as bigint){{ ' +' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{% macro duckdb__hex_number(text, digits) -%}
    cast('0x' || {{ text }} as bigint)
{%- endmacro %}

{% macro postgres__hex_number(text, digits) -%}
    cast(cast('x' || {{ text }} as bit({{ digits * 4 }})) as bigint)
{%- endmacro %}
