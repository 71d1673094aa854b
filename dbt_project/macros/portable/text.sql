{# Lower case for ASCII and Cyrillic letters only, alike on every engine and in every locale. #}
{% macro fold_case(text) -%}
    translate({{ text }}, 'ABCDEFGHIJKLMNOPQRSTUVWXYZАБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ', 'abcdefghijklmnopqrstuvwxyzабвгдеёжзийклмнопрстуфхцчшщъыьэюя')
{%- endmacro %}

{# Digits of a text, nothing else. #}
{% macro digits(text) %}regexp_replace({{ text }}, '[^0-9]', '', 'g'){% endmacro %}

{# An address in lower case, null unless it has the shape of one, and the length that a mailbox can have (RFC 5321). #}
{% macro normalise_email(text) -%}
    {%- set folded = fold_case("trim(" ~ text ~ ")") -%}
    {%- set letter = '[^@[:space:][:cntrl:]' -%}
    case
        when length(trim({{ text }})) > 254 then null
        when {{ regex_matches(folded, '^' ~ letter ~ ']+@' ~ letter ~ ']+[.]' ~ letter ~ '.]+$') }} then {{ folded }}
    end
{%- endmacro %}

{#
    A phone number as E.164, null unless it has the length of one. National numbers get the default country. What follows `x`, `#`
    and the like is an extension; a `(0)` is dialled at home only.
#}
{% macro normalise_phone(text) -%}
    {%- set number = digits("regexp_replace(replace(" ~ text ~ ", '(0)', ''), '[,;#xXдД].*', '')") -%}
    {%- set code, trunk = var('default_calling_code'), var('default_trunk_prefix') -%}
    case
        when {{ number }} like '00%' and length({{ number }}) between 9 and 17 then '+' || substr({{ number }}, 3)
        when {{ number }} like '00%' then null
        when trim({{ text }}) like '+%' and length({{ number }}) between 7 and 15 then '+' || {{ number }}
        when {{ number }} like '{{ trunk }}%' and length({{ number }}) = 11 then '+{{ code }}' || substr({{ number }}, 2)
        when {{ number }} like '{{ code }}%' and length({{ number }}) = 11 then '+' || {{ number }}
        when length({{ number }}) = 10 then '+{{ code }}' || {{ number }}
    end
{%- endmacro %}

{# Integer cents of a decimal amount. #}
{% macro cents(amount) %}cast(round(({{ amount }}) * 100, 0) as bigint){% endmacro %}

{# A decimal written in a text, null where it is none. #}
{% macro decimal_or_null(text) -%}
    case when {{ regex_matches(text, '^-?[0-9]{1,15}([.][0-9]+)?$') }} then cast({{ text }} as decimal(18, 2)) end
{%- endmacro %}
