{# What the run before decided about the hubs that are decided now. #}
{% macro known_hubs_sql(tables, tier, hubs) -%}
    select known.rule, known.hub, known.anchor_node_id, known.suppression_reason
    from {{ tables.hubs }} as known
    inner join {{ hubs }} as hubs on known.rule = hubs.rule and known.hub = hubs.hub
    where known.tier = {{ tier.number }}
{%- endmacro %}

{# Hubs that no longer span components, or about which something else is decided now. #}
{% macro forget_hubs_sql(tables, tier, known, decided) -%}
    delete from {{ tables.hubs }}
    where
        tier = {{ tier.number }}
        and exists (
            select 1
            from {{ known }} as known
            left join {{ decided }} as decided
                on known.rule = decided.rule
                and known.hub = decided.hub
                and known.anchor_node_id = decided.anchor_node_id
                and coalesce(known.suppression_reason, '') = coalesce(decided.suppression_reason, '')
            where
                decided.hub is null
                and known.rule = {{ tables.hubs }}.rule
                and known.hub = {{ tables.hubs }}.hub
        )
{%- endmacro %}

{# Hubs about which nothing was decided before, or something else. #}
{% macro fresh_hubs_sql(decided, known) -%}
    select
        decided.rule,
        decided.hub,
        decided.anchor_node_id,
        decided.suppression_reason,
        known.hub is not null and known.suppression_reason is null as was_linking
    from {{ decided }} as decided
    left join {{ known }} as known on decided.rule = known.rule and decided.hub = known.hub
    where
        known.hub is null
        or known.anchor_node_id <> decided.anchor_node_id
        or known.suppression_reason is distinct from decided.suppression_reason
{%- endmacro %}

{# Links of the tier that this run makes or undoes. Who joined a hub that stops linking has lost nothing by it. #}
{% macro changed_links_sql(tables, tier, members, known, decided, fresh) -%}
    select
        {{ tables.run }} as run,
        {{ tier.number }} as tier,
        memberships.rule,
        memberships.hub,
        memberships.node_id,
        memberships.is_member as is_linking
    from {{ tables.name }}_memberships as memberships
    inner join {{ known }} as known on memberships.rule = known.rule and memberships.hub = known.hub
    left join {{ decided }} as decided on memberships.rule = decided.rule and memberships.hub = decided.hub
    where
        memberships.tier = {{ tier.number }}
        and memberships.is_member <> memberships.was_member
        and known.suppression_reason is null
        and (not memberships.is_member or (decided.hub is not null and decided.suppression_reason is null))
    union all
    select
        {{ tables.run }} as run,
        {{ tier.number }} as tier,
        members.rule,
        members.hub,
        members.node_id,
        not fresh.was_linking as is_linking
    from {{ members }} as members
    inner join {{ fresh }} as fresh on members.rule = fresh.rule and members.hub = fresh.hub
    where
        (fresh.suppression_reason is null) <> fresh.was_linking
        and not (
            fresh.was_linking
            and exists (
                select 1
                from {{ tables.name }}_memberships as joined
                where {{ same_link('joined', 'members') }} and joined.is_member and not joined.was_member
            )
        )
{%- endmacro %}
