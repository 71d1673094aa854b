{#
    All links between nodes that may join components: through the tiers below, through the hubs of this one that link since now, of those
    who joined a hub that links already, and of those who stand by themselves.
#}
{% macro work_links_sql(tables, tier, free, members, decided, fresh, stands) -%}
    select lower_level.node_id as a, lower_level.component_id as b
    from {{ tables.levels[tier.number - 1] }} as lower_level
    where
        lower_level.node_id <> lower_level.component_id
        {%- if stands %}
        and lower_level.node_id in (
            select free.node_id from {{ free }} as free
            union
            select moved.node_id from {{ tables.name }}_{{ tier.number - 1 }}_moved as moved
        )
        {%- endif %}
    union all
    select members.node_id as a, fresh.anchor_node_id as b
    from {{ members }} as members
    inner join {{ fresh }} as fresh on members.rule = fresh.rule and members.hub = fresh.hub
    where fresh.suppression_reason is null and members.node_id <> fresh.anchor_node_id
    {%- if stands %}
    {%- set apart = scratch_table(tables.name ~ '_' ~ tier.number ~ '_apart', evidence_apart_sql(tables, tier, free)) %}
    union all
    select memberships.node_id as a, decided.anchor_node_id as b
    from {{ tables.name }}_memberships as memberships
    inner join {{ decided }} as decided on memberships.rule = decided.rule and memberships.hub = decided.hub
    where
        memberships.tier = {{ tier.number }}
        and memberships.is_member
        and decided.suppression_reason is null
        and memberships.node_id <> decided.anchor_node_id
    union all
    select apart.node_id as a, linking.anchor_node_id as b
    from {{ apart }} as apart
    inner join {{ tables.hubs }} as linking on apart.rule = linking.rule and apart.hub = linking.hub
    where linking.tier = {{ tier.number }} and linking.suppression_reason is null and apart.node_id <> linking.anchor_node_id
    {%- endif %}
{%- endmacro %}

{# What the nodes of components that are taken apart show. #}
{% macro evidence_apart_sql(tables, tier, free) -%}
    select evidence.rule, evidence.hub, evidence.node_id
    from {{ tables.evidence }} as evidence
    where
        evidence.node_id in (select free.node_id from {{ free }} as free where free.old_component_id is not null)
        and evidence.tier = {{ tier.number }}
        and evidence.suppression_reason is null
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
    select free.node_id, free.node_id as vertex_id
    from {{ free }} as free
    union all
    select level_nodes.node_id, level_nodes.component_id as vertex_id
    from {{ tables.levels[tier.number] }} as level_nodes
    where
        level_nodes.node_id in (
            select links.a from {{ links }} as links
            union
            select links.b from {{ links }} as links
        )
        and level_nodes.node_id not in (select free.node_id from {{ free }} as free)
{%- endmacro %}
