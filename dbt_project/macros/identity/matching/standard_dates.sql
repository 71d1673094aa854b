{#
    Dates as people write them, as `yyyymmdd`. Which of two numbers is the month is a habit of the source: where numbers above 12
    stand second more often than first, the month comes first.
#}
{% macro date_parts(text) -%}
    replace(replace(replace(split_part(split_part(trim({{ text }}), ' ', 1), 'T', 1), '.', '-'), '/', '-'), '_', '-')
{%- endmacro %}

{# A number of the parts, null where it is none. #}
{% macro date_part(parts, place) -%}
    case when {{ regex_matches("split_part(" ~ parts ~ ", '-', " ~ place ~ ")", '^[0-9]{1,4}$') }} then split_part({{ parts }}, '-', {{ place }}) end
{%- endmacro %}

{% macro two_digits(number) -%}
    case when length({{ number }}) = 1 then '0' || {{ number }} else {{ number }} end
{%- endmacro %}

{# A year of two digits is of this century up to 29. #}
{% macro four_digits(year) -%}
    case when length({{ year }}) = 4 then {{ year }} when length({{ year }}) = 2 then case when {{ year }} < '30' then '20' else '19' end || {{ year }} end
{%- endmacro %}

{# `yyyymmdd` of the parts of a written date; digits that are no date stay, so that they can be compared. #}
{% macro standard_date(parts, one, two, three, month_first) -%}
    case
        when {{ regex_matches(parts, '^(1[89]|20)[0-9]{6}$') }} then {{ parts }}
        when {{ regex_matches(parts, '^[0-9]{4}(1[89]|20)[0-9]{2}$') }} and {{ month_first }} then substr({{ parts }}, 5, 4) || substr({{ parts }}, 1, 4)
        when {{ regex_matches(parts, '^[0-9]{4}(1[89]|20)[0-9]{2}$') }}
            then substr({{ parts }}, 5, 4) || substr({{ parts }}, 3, 2) || substr({{ parts }}, 1, 2)
        when {{ regex_matches(parts, '^[0-9]{8}$') }} then {{ parts }}
        when length({{ one }}) = 4 then {{ one }} || {{ two_digits(two) }} || {{ two_digits(three) }}
        when {{ month_first }} then {{ four_digits(three) }} || {{ two_digits(one) }} || {{ two_digits(two) }}
        else {{ four_digits(three) }} || {{ two_digits(two) }} || {{ two_digits(one) }}
    end
{%- endmacro %}
