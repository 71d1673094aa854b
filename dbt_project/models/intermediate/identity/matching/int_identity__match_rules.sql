{%- for name, comparison in var('match_model').comparisons.items() %}
{%- set outer_loop = loop %}
{%- set position = loop.index %}
select
    '{{ name }}' as comparison,
    {{ position }} as position,
    -1 as level,
    'nothing to compare' as level_name,
    '{{ nothing_to_compare(comparison) | replace("'", "''") }}' as condition,
    cast(null as varchar) as term_frequency,
    {{ comparison.get('is_personal', false) }} as is_personal,
    {{ comparison.get('follows_name', false) }} as follows_name
{%- for level in comparison.levels %}
union all
select
    '{{ name }}' as comparison,
    {{ position }} as position,
    {{ loop.revindex }} as level,
    '{{ level.name }}' as level_name,
    '{{ level_condition(level) | replace("'", "''") }}' as condition,
    {% if level.term_frequency is defined %}'{{ level.term_frequency }}'{% else %}cast(null as varchar){% endif %} as term_frequency,
    {{ comparison.get('is_personal', false) }} as is_personal,
    {{ comparison.get('follows_name', false) }} as follows_name
{%- endfor %}
union all
select
    '{{ name }}' as comparison,
    {{ position }} as position,
    0 as level,
    'nothing agrees' as level_name,
    'else' as condition,
    cast(null as varchar) as term_frequency,
    {{ comparison.get('is_personal', false) }} as is_personal,
    {{ comparison.get('follows_name', false) }} as follows_name
{{ 'union all' if not outer_loop.last }}
{%- endfor %}
