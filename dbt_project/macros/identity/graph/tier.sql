{#
    Bring the components after one tier up to date with its hubs and with the components of the tiers below.

    Vertices are contracted: the nodes of a component that lost nothing stand together as one. A component that lost a link, or whose
    lower tiers came apart, or which the guard had cut and which is touched again, is taken apart into its nodes first.
#}
{% macro solve_tier(tables, tier, stands) %}
    {%- set name = tables.name ~ '_' ~ tier.number -%}
    {%- set hubs, dirty = none, none -%}
    {%- if stands -%}
        {%- set dirty = scratch_table(name ~ '_dirty', dirty_nodes_sql(tables, tier)) -%}
        {%- set hubs = scratch_table(name ~ '_hubs', hubs_to_decide_sql(tables, tier, dirty)) -%}
    {%- endif -%}
    {%- set members = scratch_table(name ~ '_members', hub_members_sql(tables, tier, hubs)) -%}
    {%- set decided = scratch_table(name ~ '_decided', decided_hubs_sql(tables, tier, members)) -%}
    {%- if stands -%}
        {%- set known = scratch_table(name ~ '_known', known_hubs_sql(tables, tier, hubs)) -%}
        {%- do run_query('insert into ' ~ tables.changes ~ ' ' ~ changed_links_sql(tables, tier, members, known, decided)) -%}
        {%- do run_query('delete from ' ~ tables.hubs ~ ' where tier = ' ~ tier.number ~ ' and exists (select 1 from ' ~ hubs ~ ' as decided where decided.rule = ' ~ tables.hubs ~ '.rule and decided.hub = ' ~ tables.hubs ~ '.hub)') -%}
    {%- endif -%}
    {%- do run_query('insert into ' ~ tables.hubs ~ ' select ' ~ tier.number ~ ', rule, hub, anchor_node_id, suppression_reason from ' ~ decided) -%}
    {%- set free = scratch_table(name ~ '_free', free_nodes_sql(tables, tier, dirty, hubs, stands)) -%}
    {%- set links = scratch_table(name ~ '_links', work_links_sql(tables, tier, free, members, decided, stands)) -%}
    {%- set solved = solve_components(contracted_links_sql(tables, tier, links, free, stands), name) -%}
    {%- set candidates = scratch_table(name ~ '_candidates', candidates_sql(tables, tier, free, solved, stands)) -%}
    {%- set settled = scratch_table(name ~ '_settled', settled_sql(tables, tier, candidates)) if tables.guarded else candidates -%}
    {%- do relabel(tables, tier, settled, stands) -%}
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
        where
            touched.node_id in (select memberships.node_id from {{ tables.name }}_memberships as memberships)
            or touched.node_id in (select moved.node_id from {{ lower_name }}_moved as moved)
            or touched.node_id in (select split.node_id from {{ lower_name }}_split as split)
    )
{%- endmacro %}

{# What the run before decided about the hubs that are decided now. #}
{% macro known_hubs_sql(tables, tier, hubs) -%}
    select known.rule, known.hub, known.suppression_reason
    from {{ tables.hubs }} as known
    inner join {{ hubs }} as hubs on known.rule = hubs.rule and known.hub = hubs.hub
    where known.tier = {{ tier.number }}
{%- endmacro %}

{# Links of the tier that this run makes or undoes. #}
{% macro changed_links_sql(tables, tier, members, known, decided) -%}
    select {{ tier.number }} as tier, memberships.rule, memberships.hub, memberships.node_id, memberships.is_member as is_linking
    from {{ tables.name }}_memberships as memberships
    left join {{ known }} as known on memberships.rule = known.rule and memberships.hub = known.hub
    left join {{ decided }} as decided on memberships.rule = decided.rule and memberships.hub = decided.hub
    where
        memberships.tier = {{ tier.number }}
        and memberships.is_member <> memberships.was_member
        and case
            when memberships.is_member then decided.hub is not null and decided.suppression_reason is null
            else known.hub is not null and known.suppression_reason is null
        end
    union
    select {{ tier.number }} as tier, members.rule, members.hub, members.node_id, decided.suppression_reason is null as is_linking
    from {{ members }} as members
    inner join {{ decided }} as decided on members.rule = decided.rule and members.hub = decided.hub
    left join {{ known }} as known on members.rule = known.rule and members.hub = known.hub
    where (decided.suppression_reason is null) <> (known.hub is not null and known.suppression_reason is null)
{%- endmacro %}

{# Nodes that stand by themselves when the tier is solved: new ones, and those of components that are taken apart. #}
{% macro free_nodes_sql(tables, tier, dirty, hubs, stands) -%}
    select born.node_id, cast(null as bigint) as old_component_id
    from {{ tables.name }}_born as born
    {%- if stands %}
    union all
    select placed.node_id, placed.component_id as old_component_id
    from ({{ placed_nodes_sql(tables, tier) }}) as placed
    where placed.candidate_id in (
        select loosened.candidate_id
        from ({{ placed_nodes_sql(tables, tier) }}) as loosened
        where
            loosened.node_id in (
                select changes.node_id
                from {{ tables.changes }} as changes
                where changes.tier = {{ tier.number }} and not changes.is_linking
            )
            or loosened.node_id in (select split.node_id from {{ tables.name }}_{{ tier.number - 1 }}_split as split)
            or loosened.node_id in (
                select memberships.node_id
                from {{ tables.name }}_memberships as memberships
                where memberships.rule in ('{{ tables.exclusive_rules | join("', '") }}')
            )
            or (
                loosened.is_cut
                and (
                    loosened.node_id in (select dirty.node_id from {{ dirty }} as dirty)
                    or loosened.node_id in (
                        select evidence.node_id
                        from {{ tables.evidence }} as evidence
                        inner join {{ hubs }} as hubs on evidence.rule = hubs.rule and evidence.hub = hubs.hub
                        where evidence.tier = {{ tier.number }}
                    )
                )
            )
    )
    {%- endif %}
{%- endmacro %}

{# Each node with its component of the last run, and with the one it would have had if the guard had not cut it. #}
{% macro placed_nodes_sql(tables, tier) -%}
    select
        level_nodes.node_id,
        level_nodes.component_id,
        coalesce(cuts.candidate_id, level_nodes.component_id) as candidate_id,
        cuts.candidate_id is not null as is_cut
    from {{ tables.levels[tier.number] }} as level_nodes
    left join {{ tables.cuts }} as cuts on cuts.tier = {{ tier.number }} and level_nodes.node_id = cuts.node_id
{%- endmacro %}

{# All links between nodes that may join components: through the tiers below, and through the hubs of this one. #}
{% macro work_links_sql(tables, tier, free, members, decided, stands) -%}
    select lower_level.node_id as a, lower_level.component_id as b
    from {{ tables.levels[tier.number - 1] }} as lower_level
    where
        lower_level.node_id <> lower_level.component_id
        and (
            lower_level.node_id in (select free.node_id from {{ free }} as free)
            or lower_level.node_id in (select moved.node_id from {{ tables.name }}_{{ tier.number - 1 }}_moved as moved)
        )
    union all
    select members.node_id as a, decided.anchor_node_id as b
    from {{ members }} as members
    inner join {{ decided }} as decided on members.rule = decided.rule and members.hub = decided.hub
    where decided.suppression_reason is null and members.node_id <> decided.anchor_node_id
    {%- if stands %}
    union all
    select evidence.node_id as a, linking.anchor_node_id as b
    from {{ tables.evidence }} as evidence
    inner join {{ tables.hubs }} as linking
        on linking.tier = {{ tier.number }} and evidence.rule = linking.rule and evidence.hub = linking.hub
    where
        evidence.node_id in (select free.node_id from {{ free }} as free where free.old_component_id is not null)
        and evidence.tier = {{ tier.number }}
        and evidence.suppression_reason is null
        and linking.suppression_reason is null
        and evidence.node_id <> linking.anchor_node_id
    {%- endif %}
{%- endmacro %}

{# The same links between vertices: a free node, or the component of one that is not. #}
{% macro contracted_links_sql(tables, tier, links, free, stands) -%}
    {%- if stands %}
    {%- set places = scratch_table(tables.name ~ '_' ~ tier.number ~ '_places', vertices_sql(tables, tier, links, free)) %}
    select distinct least(left_place.vertex_id, right_place.vertex_id) as a, greatest(left_place.vertex_id, right_place.vertex_id) as b
    from {{ links }} as links
    inner join {{ places }} as left_place on links.a = left_place.node_id
    inner join {{ places }} as right_place on links.b = right_place.node_id
    where left_place.vertex_id <> right_place.vertex_id
    {%- else %}
    select a, b from {{ links }}
    {%- endif %}
{%- endmacro %}

{% macro vertices_sql(tables, tier, links, free) -%}
    select linked.node_id, case when free.node_id is not null then linked.node_id else level_nodes.component_id end as vertex_id
    from (
        select links.a as node_id from {{ links }} as links
        union
        select links.b as node_id from {{ links }} as links
    ) as linked
    left join {{ free }} as free on linked.node_id = free.node_id
    left join {{ tables.levels[tier.number] }} as level_nodes on linked.node_id = level_nodes.node_id
{%- endmacro %}
