{# The ad platforms that we can hash addresses for; each has its own rules (docs/adr/0021-hash-dialects.md). #}
{% macro hash_dialects() %}{{ return(['google', 'meta']) }}{% endmacro %}

{# A normalised address as a platform hashes it itself: 64 hex digits, null where it could match nobody. #}
{% macro address_sha256(dialect, kind, address) -%}
    {{ sha256_hex(google_form(kind, address) if dialect == 'google' else meta_form(kind, address)) }}
{%- endmacro %}

{# At Gmail, dots and what follows a plus tell no mailboxes apart. Numbers are E.164, with the plus. #}
{% macro google_form(kind, address) -%}
    {%- set mailbox = "replace(split_part(split_part(" ~ address ~ ", '@', 1), '+', 1), '.', '')" -%}
    {%- set domain = "split_part(" ~ address ~ ", '@', 2)" -%}
    case
        when {{ kind }} = 'email' and {{ domain }} not in ('gmail.com', 'googlemail.com') then {{ address }}
        when {{ kind }} = 'email' and {{ mailbox }} <> '' then {{ mailbox }} || '@' || {{ domain }}
        when {{ kind }} = 'phone' and {{ is_e164(address) }} then {{ address }}
    end
{%- endmacro %}

{# Numbers are digits alone, the country's code first. #}
{% macro meta_form(kind, address) -%}
    case
        when {{ kind }} = 'email' then {{ address }}
        when {{ kind }} = 'phone' and {{ is_e164(address) }} then substr({{ address }}, 2)
    end
{%- endmacro %}

{% macro is_e164(number) %}{{ regex_matches(number, '^[+][1-9][0-9]{6,14}$') }}{% endmacro %}
