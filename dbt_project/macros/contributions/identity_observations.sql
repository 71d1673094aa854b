{#
    What the rows of a relation say about who its records are: one row per row of the relation, a column per identifier type
    (`vars.identity.identifiers`), null where a row does not show it, and a `name_key`: how the first two words of the `name` sound,
    sorted, the same for `Анна Петрова`, `Petrova Anna` and `Ana Petrov`; null for a single word.

    identifiers: {type: column}. `deleted` is a condition under which the source has taken the record back. Records of a
    transaction (a receipt, a guest order) are many per person, where accounts and cards are few. Where a row `replaces` what its
    record showed before, an identifier that the newest row no longer has is forgotten.
#}
{% macro identity_observations(
    relation, source_name, record_key, identifiers, observed_at,
    name='cast(null as varchar)', where='true', deleted='false', is_transaction='false', replaces='false'
) %}
with shown as (

    select
        '{{ source_name }}' as source_name,
        {{ record_key }} as record_key,
        {%- for type in var('identity').identifiers %}
        cast({{ identifiers.get(type, 'null') }} as varchar) as {{ type }},
        {%- endfor %}
        {{ words(name) }} as name_words,
        {{ deleted }} as is_deleted,
        {{ is_transaction }} as is_transaction,
        {{ replaces }} as is_replacement,
        {{ observed_at }} as observed_at,
        _arrival
    from {{ relation }}
    where {{ where }}

),

heard as (

    select
        shown.*,
        {{ sound("split_part(name_words, ' ', 1)") }} as first_sound,
        {{ sound("split_part(name_words, ' ', 2)") }} as second_sound
    from shown

)

select
    source_name,
    record_key,
    {%- for type in var('identity').identifiers %}
    {{ type }},
    {%- endfor %}
    case
        when first_sound is not null and second_sound is not null
            then least(first_sound, second_sound) || ' ' || greatest(first_sound, second_sound)
    end as name_key,
    is_deleted,
    is_transaction,
    is_replacement,
    observed_at,
    _arrival
from heard
{% endmacro %}

{# What several sightings of one identifier on one record say together. #}
{% macro observed_together(least_name_key, first_seen_at, last_seen_at, times, first_arrival, last_arrival) -%}
    min(source_name) as source_name,
        max(name_key) as name_key,
        min({{ least_name_key }}) as least_name_key,
        max(case when is_deleted then 1 else 0 end) = 1 as is_deleted,
        max(case when is_transaction then 1 else 0 end) = 1 as is_transaction,
        min({{ first_seen_at }}) as first_seen_at,
        max({{ last_seen_at }}) as last_seen_at,
        {{ times }} as times_observed,
        min({{ first_arrival }}) as _arrival,
        max({{ last_arrival }}) as _last_arrival
{%- endmacro %}
