{# What `fct_segment_memberships` has taken up: the masks or definitions of the last build. No `ref`, for they are made after it. #}
{% macro settled(what) %}
    {%- set relation = adapter.get_relation(database=this.database, schema=this.schema, identifier='int_segments__settled_' ~ what) -%}
    {{ return(relation or '(select * from ' ~ ref('int_segments__' ~ what) ~ ' where 1 = 0)') }}
{% endmacro %}

{# One row per segment: where its answer stands now and where it stood in the settled build, under whichever name; null where it did not. #}
{% macro settled_segments() %}
    select
        definitions.segment_name,
        definitions.word,
        definitions.bit,
        definitions.bit_value,
        settled.segment_name as settled_name,
        settled.word as settled_word,
        settled.bit as settled_bit,
        settled.bit_value as settled_bit_value,
        definitions.fingerprint <> settled.fingerprint as is_changed
    from {{ ref('int_segments__definitions') }} as definitions
    left join (
        select
            coalesce(renamed.segment_name, known.segment_name) as segment_name,
            min(known.segment_name) as settled_name
        from {{ settled('definitions') }} as known
        left join {{ ref('int_segments__former_names') }} as renamed on known.segment_name = renamed.former_name
        group by coalesce(renamed.segment_name, known.segment_name)
    ) as named on definitions.segment_name = named.segment_name
    left join {{ settled('definitions') }} as settled on named.settled_name = settled.segment_name
{% endmacro %}

{#
    Whether the words of a customer in `masks` answer otherwise than those in `settled`. Bits belong to one build: all bits of a settled
    word that now stand in the same word, by the same distance away, are compared at once. Being in a new segment is a difference.
#}
{% macro masks_differ(masks, settled_masks) %}
    {%- set moved = run_query(
        'select word, settled_word, bit - settled_bit as distance, cast(sum(bit_value) as bigint) as bits, '
        ~ 'cast(sum(settled_bit_value) as bigint) as settled_bits from (' ~ settled_segments() ~ ') as segments '
        ~ 'group by word, settled_word, bit - settled_bit order by word, settled_word, distance'
    ).columns -%}
    {%- set differences = ['1 = 0'] -%}
    {%- for number in range(moved[0].values() | length) -%}
        {%- set bits = '(' ~ masks ~ '.word_' ~ moved[0].values()[number] | int ~ ' & ' ~ moved[3].values()[number] | int ~ ')' -%}
        {%- if moved[1].values()[number] is none -%}
            {%- do differences.append(bits ~ ' <> 0') -%}
        {%- else -%}
            {%- set distance = moved[2].values()[number] | int -%}
            {%- set before = '(' ~ settled_masks ~ '.word_' ~ moved[1].values()[number] | int ~ ' & ' ~ moved[4].values()[number] | int ~ ')' -%}
            {%- do differences.append(bits ~ ' <> (' ~ before ~ (' << ' if distance >= 0 else ' >> ') ~ distance | abs ~ ')') -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return('(' ~ differences | join(' or ') ~ ')') }}
{% endmacro %}

{# Every word of `masks`. #}
{% macro mask_words(masks) -%}
    {%- for word in words_of_masks() -%} {{ masks }}.word_{{ word }}{{ ', ' if not loop.last }} {%- endfor -%}
{%- endmacro %}

{# The word of `masks` that holds the answer for a segment of `segments`. #}
{% macro word_of(segments, masks) -%}
    case {{ segments }}.word {%- for word in words_of_masks() %} when {{ word }} then {{ masks }}.word_{{ word }} {%- endfor %} end
{%- endmacro %}

{% macro words_of_masks() %}
    {{ return(range(1 + run_query('select coalesce(max(word), 0) from ' ~ ref('int_segments__definitions')).columns[0].values()[0] | int)) }}
{% endmacro %}
