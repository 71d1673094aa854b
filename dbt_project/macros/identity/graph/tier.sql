{#
    Bring the components after one tier up to date with its hubs and with the components of the tiers below.

    Vertices are contracted: the nodes of a component that lost nothing stand together as one. A component that lost a link, or whose
    lower tiers came apart, or which the guard had cut and which is touched again, is taken apart into its nodes first.
#}
{% macro solve_tier(tables, tier, stands) %}
    {%- set name = tables.name ~ '_' ~ tier.number -%}
    {%- set hubs, dirty, fresh, loosened = none, none, none, none -%}
    {%- if stands -%}
        {%- set dirty = scratch_table(name ~ '_dirty', dirty_nodes_sql(tables, tier)) -%}
        {%- set hubs = scratch_table(name ~ '_hubs', hubs_to_decide_sql(tables, tier, dirty)) -%}
    {%- endif -%}
    {%- set members = scratch_table(name ~ '_members', hub_members_sql(tables, tier, hubs)) -%}
    {%- set decided = scratch_table(name ~ '_decided', decided_hubs_sql(tables, tier, members, stands)) -%}
    {%- if stands -%}
        {%- set known = scratch_table(name ~ '_known', known_hubs_sql(tables, tier, hubs)) -%}
        {%- set fresh = scratch_table(name ~ '_fresh', fresh_hubs_sql(decided, known)) -%}
        {%- do run_query('insert into ' ~ tables.changes ~ ' ' ~ changed_links_sql(tables, tier, members, known, decided, fresh)) -%}
        {%- do run_query(forget_hubs_sql(tables, tier, known, decided)) -%}
        {%- set loosened = scratch_table(name ~ '_loosened', loosened_components_sql(tables, tier, dirty, hubs)) -%}
    {%- endif -%}
    {%- set fresh = fresh or decided -%}
    {%- do run_query('insert into ' ~ tables.hubs ~ ' select ' ~ tier.number ~ ', rule, hub, anchor_node_id, suppression_reason from ' ~ fresh) -%}
    {%- if stands or holds_rows(fresh ~ ' where suppression_reason is null') -%}
        {%- do join_components(tables, tier, loosened, members, decided, fresh, stands) -%}
    {%- else -%}
        {%- set level, lower_level = tables.levels[tier.number], tables.levels[tier.number - 1] -%}
        {%- do run_query('insert into ' ~ level ~ ' select node_id, component_id from ' ~ lower_level) -%}
    {%- endif -%}
{% endmacro %}

{# Join what the hubs of a tier link, unless the guard keeps it apart. #}
{% macro join_components(tables, tier, loosened, members, decided, fresh, stands) %}
    {%- set name = tables.name ~ '_' ~ tier.number -%}
    {%- set free = scratch_table(name ~ '_free', free_nodes_sql(tables, tier, loosened)) -%}
    {%- set links = scratch_table(name ~ '_links', work_links_sql(tables, tier, free, members, decided, fresh, stands)) -%}
    {%- set solved = solve_components(contracted_links_sql(tables, tier, links, free, stands), name) -%}
    {%- set candidates = scratch_table(name ~ '_candidates', candidates_sql(tables, tier, free, solved, stands)) -%}
    {%- set apart = scratch_table(name ~ '_cut', apart_sql(tables, tier, candidates)) if tables.guarded else none -%}
    {%- set settled = scratch_table(name ~ '_settled', settled_sql(candidates, apart)) if apart and holds_rows(apart) else candidates -%}
    {%- do relabel(tables, tier, settled, apart, stands) -%}
{% endmacro %}

{# Nodes of lower components that changed, or whose own evidence did: their hubs may be decided otherwise. #}
{% macro dirty_nodes_sql(tables, tier) -%}
    {%- set lower_level = tables.levels[tier.number - 1] -%}
    {%- set lower_name = tables.name ~ '_' ~ (tier.number - 1) -%}
    select level_nodes.node_id
    from {{ lower_level }} as level_nodes
    where level_nodes.component_id in (
        select touched.component_id
        from {{ lower_level }} as touched
        where touched.node_id in (
            select memberships.node_id from {{ tables.name }}_memberships as memberships
            union
            select moved.node_id from {{ lower_name }}_moved as moved
            union
            select split.node_id from {{ lower_name }}_split as split
        )
    )
{%- endmacro %}

{#
    Nodes that stand by themselves when the tier is solved: new ones, and those of components that are taken apart. Nodes that the guard
    had cut have the components of the tier below, and are looked for by what they would have joined.
#}
{% macro free_nodes_sql(tables, tier, loosened) -%}
    select born.node_id, cast(null as bigint) as old_component_id
    from {{ tables.name }}_born as born
    {%- if loosened %}
    union all
    select level_nodes.node_id, level_nodes.component_id as old_component_id
    from {{ tables.levels[tier.number] }} as level_nodes
    where level_nodes.component_id in (select loosened.candidate_id from {{ loosened }} as loosened)
    union all
    select level_nodes.node_id, level_nodes.component_id as old_component_id
    from {{ tables.levels[tier.number] }} as level_nodes
    inner join {{ tables.cuts }} as cuts on level_nodes.node_id = cuts.node_id and level_nodes.component_id <> cuts.candidate_id
    inner join {{ loosened }} as loosened on cuts.candidate_id = loosened.candidate_id
    where cuts.tier = {{ tier.number }}
    {%- endif %}
{%- endmacro %}

{#
    Components to take apart: those that lost something, and those that the guard had cut and that are touched again, or that may
    hold less now that a window has moved.
#}
{% macro loosened_components_sql(tables, tier, dirty, hubs) -%}
    select coalesce(cuts.candidate_id, level_nodes.component_id) as candidate_id
    from {{ tables.levels[tier.number] }} as level_nodes
    left join {{ tables.cuts }} as cuts on cuts.tier = {{ tier.number }} and level_nodes.node_id = cuts.node_id
    where level_nodes.node_id in (
        select changes.node_id
        from {{ tables.changes }} as changes
        where changes.run = {{ tables.run }} and changes.tier = {{ tier.number }} and not changes.is_linking
        union
        select split.node_id from {{ tables.name }}_{{ tier.number - 1 }}_split as split
        union
        select memberships.node_id
        from {{ tables.name }}_memberships as memberships
        where memberships.rule in ('{{ tables.exclusive_rules | join("', '") }}')
    )
    union
    select cuts.candidate_id
    from {{ tables.cuts }} as cuts
    inner join {{ dirty }} as dirty on cuts.node_id = dirty.node_id
    where cuts.tier = {{ tier.number }}
    union
    select cuts.candidate_id
    from {{ tables.cuts }} as cuts
    inner join {{ tables.evidence }} as evidence on cuts.node_id = evidence.node_id and cuts.tier = evidence.tier
    inner join {{ hubs }} as hubs on evidence.rule = hubs.rule and evidence.hub = hubs.hub
    where cuts.tier = {{ tier.number }}
    {%- for kind in passing_kinds(tables) %}
    union
    select cuts.candidate_id
    from {{ tables.cuts }} as cuts
    where cuts.tier = {{ tier.number }} and cuts.suppression_reason = 'would join too many of {{ kind }}'
    {%- endfor %}
{%- endmacro %}
