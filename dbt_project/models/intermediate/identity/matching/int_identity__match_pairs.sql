{%- set comparisons = var('match_model').comparisons %}

with terms as (

    select
        levels.*,
        one.source_name as source_a,
        other.source_name as source_b
        {%- for name, comparison in comparisons.items() if weighed_terms(comparison) %},
        case
            {%- for level, column in weighed_terms(comparison).items() %}
            when levels.{{ name }}_level = {{ level }} then '{{ column }}'
            {%- endfor %}
        end as {{ name }}_column,
        case
            {%- for level, column in weighed_terms(comparison).items() %}
            when levels.{{ name }}_level = {{ level }} then one.{{ column }}
            {%- endfor %}
        end as {{ name }}_term
        {%- endfor %}
    from {{ ref('int_identity__match_levels') }} as levels
    inner join {{ ref('int_identity__match_records') }} as one on levels.record_key_a = one.record_key
    inner join {{ ref('int_identity__match_records') }} as other on levels.record_key_b = other.record_key

),

weighed as (

    select
        terms.record_key_a,
        terms.record_key_b,
        {%- for name, comparison in comparisons.items() %}
        terms.{{ name }}_level,
        coalesce({{ name }}_weights.match_weight, 0)
        {%- if weighed_terms(comparison) %} + coalesce({{ name }}_weights.log2_u - {{ name }}_terms.log2_frequency, 0){% endif %} as {{ name }}_weight,
        coalesce({{ name }}_weights.household_weight, 0)
        {%- if weighed_terms(comparison) %} + coalesce({{ name }}_weights.log2_u - {{ name }}_terms.log2_frequency, 0){% endif %} as {{ name }}_household,
        {%- endfor %}
        anyone.match_weight as prior_weight,
        anyone.household_weight as prior_household,
        coalesce(sources.match_weight, anyone.match_weight) - anyone.match_weight as source_weight,
        coalesce(namesakes.times, 1) as namesakes
    from terms
    inner join {{ ref('int_identity__match_weights') }} as anyone on anyone.comparison = 'prior' and anyone.level = 0
    left join {{ ref('int_identity__match_source_weights') }} as sources
        on
            least(terms.source_a, terms.source_b) = sources.source_a
            and greatest(terms.source_a, terms.source_b) = sources.source_b
    left join {{ ref('match_namesakes') }} as namesakes on {{ name_levels('terms') }} = namesakes.levels
    {%- for name, comparison in comparisons.items() %}
    left join {{ ref('int_identity__match_weights') }} as {{ name }}_weights
        on {{ name }}_weights.comparison = '{{ name }}' and terms.{{ name }}_level = {{ name }}_weights.level
    {%- if weighed_terms(comparison) %}
    left join {{ ref('int_identity__match_term_frequencies') }} as {{ name }}_terms
        on terms.{{ name }}_column = {{ name }}_terms.column_name and terms.{{ name }}_term = {{ name }}_terms.term
    {%- endif %}
    {%- endfor %}

),

summed as (

    select
        weighed.*,
        prior_weight{% for name in comparisons %} + {{ name }}_weight{% endfor %} as match_weight,
        greatest(least(prior_household{% for name in comparisons %} + {{ name }}_household{% endfor %}, 100), -100) as household_weight
    from weighed

),

discounted as (

    select
        summed.*,
        {{ log2('namesakes') }} as namesake_discount,
        {{ log2('1.0 + power(cast(2 as double precision), household_weight) / namesakes') }} as household_discount
    from summed

),

linked as (

    select
        discounted.*,
        match_weight + source_weight - namesake_discount - household_discount as link_weight
    from discounted

)

select
    record_key_a,
    record_key_b,
    {%- for name in comparisons %}
    {{ name }}_level,
    {{ bits(name ~ '_weight') }} as {{ name }}_weight,
    {%- endfor %}
    {{ bits('match_weight') }} as match_weight,
    {{ probability('match_weight') }} as match_probability,
    {{ bits('source_weight') }} as source_weight,
    {{ bits('namesake_discount') }} as namesake_discount,
    {{ bits('household_discount') }} as household_discount,
    {{ bits('link_weight') }} as link_weight,
    {{ probability('link_weight') }} as link_probability
from linked
