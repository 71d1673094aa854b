{#
    Comparisons as SQL. A level's conditions are declared in `vars.match_model`; here each kind becomes a condition over two
    records, `<column>_l` and `<column>_r`, the names that Splink gives them as well.
#}

{# Every column that records are compared or blocked by. #}
{% macro match_columns() %}
    {{- return([
        'given_name', 'given_root', 'given_sound', 'given_initial', 'middle_name', 'family_name', 'family_sound', 'name_suffix', 'name_pair',
        'birth_date', 'birth_year', 'birth_day', 'sex', 'email', 'email_name', 'phone', 'street', 'house_number', 'street_name', 'street_extra',
        'city', 'postcode', 'state', 'country'
    ] + var('match_model').get('attributes', [])) -}}
{% endmacro %}

{# The level at which two records agree: -1 where there is nothing to compare, else from 0 (nothing agrees) up. #}
{% macro match_level(comparison) -%}
    case
        when {{ nothing_to_compare(comparison) }} then -1
        {%- for level in comparison.levels %}
        when {{ level_condition(level) }} then {{ loop.revindex }}
        {%- endfor %}
        else 0
    end
{%- endmacro %}

{# True where one of two records shows none of a comparison's columns that the other shows. #}
{% macro nothing_to_compare(comparison) -%}
    {%- set missing = [] -%}
    {%- for columns in comparison.needs -%}
        {%- do missing.append('(' ~ columns ~ '_l is null or ' ~ columns ~ '_r is null)') -%}
    {%- endfor -%}
    {{ missing | join(' and ') }}
{%- endmacro %}

{# All conditions of a level, which may be a list of which any suffices. #}
{% macro level_condition(level) -%}
    {%- if level.any is defined -%}
        {%- set either = [] -%}
        {%- for conditions in level.any %}{% do either.append('(' ~ all_conditions(conditions) ~ ')') %}{% endfor -%}
        ({{ either | join(' or ') }})
    {%- else -%}
        {{ all_conditions(level) }}
    {%- endif -%}
{%- endmacro %}

{% macro all_conditions(conditions) -%}
    {%- set parts = [] -%}
    {%- for column in conditions.get('same', []) %}{% do parts.append(column ~ '_l = ' ~ column ~ '_r') %}{% endfor -%}
    {%- for pair in conditions.get('crossed', []) %}{% do parts.append(crossed(pair[0], pair[1])) %}{% endfor -%}
    {%- for column, most in conditions.get('edits', {}).items() %}{% do parts.append(within_edits(column, most)) %}{% endfor -%}
    {%- for column, share in conditions.get('similar', {}).items() %}{% do parts.append(similar(column, share)) %}{% endfor -%}
    {%- for column in conditions.get('begins', []) %}{% do parts.append(begins(column)) %}{% endfor -%}
    {{ parts | join(' and ') }}
{%- endmacro %}

{% macro crossed(one, other) -%}
    ({{ one }}_l = {{ other }}_r or {{ other }}_l = {{ one }}_r)
{%- endmacro %}

{% macro within_edits(column, most) -%}
    (abs(length({{ column }}_l) - length({{ column }}_r)) <= {{ most }} and {{ edit_distance(column ~ '_l', column ~ '_r') }} <= {{ most }})
{%- endmacro %}

{# Edits are few beside the longer text. #}
{% macro similar(column, share) -%}
    ({{ edit_distance(column ~ '_l', column ~ '_r') }} <= {{ 1 - share }} * greatest(length({{ column }}_l), length({{ column }}_r)))
{%- endmacro %}

{# One is the beginning of the other: an initial, a short form, a double name of which one half was given. #}
{% macro begins(column) -%}
    (
        substr({{ column }}_l, 1, length({{ column }}_r)) = {{ column }}_r
        or substr({{ column }}_r, 1, length({{ column }}_l)) = {{ column }}_l
    )
{%- endmacro %}

{# Columns whose terms weigh by how frequent they are. #}
{% macro match_frequency_columns() %}
    {%- set columns = [] -%}
    {%- for comparison in var('match_model').comparisons.values() -%}
        {%- for level in comparison.levels if level.term_frequency is defined and level.term_frequency not in columns -%}
            {%- do columns.append(level.term_frequency) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(columns) -}}
{% endmacro %}

{# What the levels of two records depend on beside the records: the comparisons as SQL. #}
{% macro comparisons_hash() %}
    {%- set comparisons = [] -%}
    {%- for name, comparison in var('match_model').comparisons.items() %}{% do comparisons.append(name ~ match_level(comparison)) %}{% endfor -%}
    {{- local_md5(comparisons | join) -}}
{% endmacro %}

{# Pairs that are no candidates any more, of which a record has changed, or that were compared otherwise, are compared anew. #}
{% macro forget_outdated_levels() -%}
    {%- if is_incremental() -%}
        delete from {{ this }} as known
        where not exists (
            select 1
            from {{ ref('int_identity__match_candidates') }} as candidates
            where
                candidates.record_key_a = known.record_key_a
                and candidates.record_key_b = known.record_key_b
                and candidates.comparison_hash = known.comparison_hash
        )
    {%- endif -%}
{%- endmacro %}
