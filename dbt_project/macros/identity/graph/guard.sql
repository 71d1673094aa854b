{# Every node whose component may change, with the old one and with what the links of the tier make of it. #}
{% macro candidates_sql(tables, tier, free, solved, stands) -%}
    {%- set named = scratch_table(tables.name ~ '_' ~ tier.number ~ '_named', named_components_sql(solved)) -%}
    select free.node_id, free.old_component_id, coalesce(named.component_id, free.node_id) as new_component_id
    from {{ free }} as free
    left join {{ named }} as named on free.node_id = named.node_id
    {%- if stands %}
    union all
    select level_nodes.node_id, level_nodes.component_id as old_component_id, named.component_id as new_component_id
    from {{ tables.levels[tier.number] }} as level_nodes
    inner join {{ named }} as named on level_nodes.component_id = named.node_id
    where
        not exists (select 1 from {{ free }} as free where free.node_id = level_nodes.node_id)
        {%- if not tables.guarded %} and level_nodes.component_id <> named.component_id{% endif %}
    {%- endif %}
{%- endmacro %}

{# Components called by their smallest node. #}
{% macro named_components_sql(solved) -%}
    select solved.node_id, min(solved.node_id) over (partition by solved.component_id) as component_id
    from {{ solved }} as solved
{%- endmacro %}

{# The candidates after the guard: one that holds more than a customer may stays as the tiers below left it. #}
{% macro settled_sql(candidates, apart) -%}
    select
        candidates.node_id,
        candidates.old_component_id,
        coalesce(apart.component_id, candidates.new_component_id) as new_component_id
    from {{ candidates }} as candidates
    left join {{ apart }} as apart on candidates.node_id = apart.node_id
{%- endmacro %}

{# Nodes of the candidates that hold too much, each with its component in the tiers below. #}
{% macro apart_sql(tables, tier, candidates) -%}
    select
        candidates.node_id,
        lower_level.component_id,
        candidates.new_component_id as candidate_id,
        case
            when broken.kind like 'steward: %' then 'would join what a steward keeps apart'
            else 'would join too many of ' || broken.kind
        end as suppression_reason
    from ({{ broken_components_sql(tables, tier, candidates) }}) as broken
    inner join {{ candidates }} as candidates on broken.component_id = candidates.new_component_id
    inner join {{ tables.levels[tier.number - 1] }} as lower_level on candidates.node_id = lower_level.node_id
{%- endmacro %}

{% macro broken_components_sql(tables, tier, candidates) -%}
    select overfull.component_id, min(overfull.kind) as kind
    from (
        select candidates.new_component_id as component_id, exclusive.kind
        from {{ candidates }} as candidates
        inner join {{ tables.exclusive }} as exclusive on candidates.node_id = exclusive.node_id
        inner join {{ tables.levels[tier.number - 1] }} as lower_level on candidates.node_id = lower_level.node_id
        group by candidates.new_component_id, exclusive.kind, exclusive.most_values
        having count(distinct exclusive.held_value) > exclusive.most_values and count(distinct lower_level.component_id) > 1
    ) as overfull
    group by overfull.component_id
{%- endmacro %}

{# Write the components of a tier, and leave for the next one which nodes moved and which components came apart. #}
{% macro relabel(tables, tier, settled, apart, stands) %}
    {%- set level, cuts, name = tables.levels[tier.number], tables.cuts, tables.name ~ '_' ~ tier.number -%}
    {%- set moved = scratch_table(name ~ '_moved', moved_nodes_sql(settled)) -%}
    {%- do scratch_table(name ~ '_split', split_nodes_sql(settled, stands)) -%}
    {%- if stands -%}
        {%- do run_query('delete from ' ~ level ~ ' where node_id in (select moved.node_id from ' ~ moved ~ ' as moved)') -%}
        {%- do run_query('delete from ' ~ cuts ~ ' where tier = ' ~ tier.number ~ ' and node_id in (select settled.node_id from ' ~ settled ~ ' as settled)') -%}
    {%- endif -%}
    {%- do run_query('insert into ' ~ level ~ ' select node_id, component_id from ' ~ moved) -%}
    {%- if apart -%}
        {%- do run_query('insert into ' ~ cuts ~ ' select ' ~ tier.number ~ ', node_id, candidate_id, suppression_reason from ' ~ apart) -%}
    {%- endif -%}
{% endmacro %}

{% macro moved_nodes_sql(settled) -%}
    select settled.node_id, settled.new_component_id as component_id
    from {{ settled }} as settled
    where settled.old_component_id is null or settled.old_component_id <> settled.new_component_id
{%- endmacro %}

{% macro split_nodes_sql(settled, stands) -%}
    select settled.node_id
    from {{ settled }} as settled
    {%- if stands %}
    where settled.old_component_id in (
        select parted.old_component_id
        from {{ settled }} as parted
        group by parted.old_component_id
        having min(parted.new_component_id) < max(parted.new_component_id)
    )
    {%- else %}
    where 1 = 0
    {%- endif %}
{%- endmacro %}
