{#
    Which hubs of a tier have to be decided again: those that somebody joined or left, those that a component which changed shows,
    and those that something seen within a window of time holds back, since the window moved.
#}
{% macro hubs_to_decide_sql(tables, tier, dirty) -%}
    select memberships.rule, memberships.hub
    from {{ tables.name }}_memberships as memberships
    where memberships.tier = {{ tier.number }}
    union
    select evidence.rule, evidence.hub
    from {{ tables.evidence }} as evidence
    where evidence.tier = {{ tier.number }} and evidence.node_id in (select dirty.node_id from {{ dirty }} as dirty)
    {%- for rule in tier.rules if rule.get('within_days') %}
    union
    select hubs.rule, hubs.hub
    from {{ tables.hubs }} as hubs
    where hubs.tier = {{ tier.number }} and hubs.rule = '{{ rule.name }}' and hubs.suppression_reason is not null
    {%- endfor %}
    {%- for kind in passing_kinds(tables) %}
    union
    select hubs.rule, hubs.hub
    from {{ tables.hubs }} as hubs
    where hubs.tier = {{ tier.number }} and hubs.suppression_reason = '{{ too_many_held(kind) }}'
    {%- endfor %}
{%- endmacro %}

{# Links of a tier that count, each with the component its node has from the tiers below. `hubs`: none for all. #}
{% macro hub_members_sql(tables, tier, hubs) -%}
    select evidence.rule, evidence.hub, evidence.node_id, evidence.last_seen_at, lower_level.component_id
    from {{ tables.evidence }} as evidence
    inner join {{ tables.levels[tier.number - 1] }} as lower_level on evidence.node_id = lower_level.node_id
    {%- if hubs %}
    inner join {{ hubs }} as hubs on evidence.rule = hubs.rule and evidence.hub = hubs.hub
    {%- endif %}
    where evidence.tier = {{ tier.number }} and evidence.suppression_reason is null
{%- endmacro %}

{# Whether a rule of the tier asks which customers have a name. #}
{% macro counts_names(tier) %}
    {{ return(hub_counts_of(tier) | map('first') | select('in', ['max_named_customers', 'max_if_nameless']) | list | length > 0) }}
{% endmacro %}

{# The components of which any record has a name; where a graph `stands`, those among `members`. #}
{% macro named_members_sql(tables, tier, members, stands) -%}
    select distinct lower_level.component_id
    from {{ tables.levels[tier.number - 1] }} as lower_level
    inner join {{ tables.evidence }} as evidence on lower_level.node_id = evidence.node_id
    where
        evidence.rule = 'record'
        and evidence.is_named
        {%- if stands %}
        and lower_level.component_id in (select members.component_id from {{ members }} as members)
        {%- endif %}
{%- endmacro %}

{# One row per hub and component that shows it. #}
{% macro spread_sql(tables, tier, members, stands) -%}
    select shown.*{% if counts_names(tier) %}, named.component_id is not null as is_named{% endif %}
    from (
        select
            rule,
            hub,
            component_id,
            min(node_id) as node_id,
            max(last_seen_at) as last_seen_at
            {%- for limit, days in hub_counts_of(tier) if limit == 'max_records' %},
            count(case when {{ hub_seen('members', days) }} then 1 end) as {{ hub_count(limit, days) }}
            {%- endfor %}
        from {{ members }} as members
        group by rule, hub, component_id
    ) as shown
    {%- if counts_names(tier) %}
    left join ({{ named_members_sql(tables, tier, members, stands) }}) as named on shown.component_id = named.component_id
    {%- endif %}
{%- endmacro %}

{# One row per hub that spans components: its oldest node, and why it links nobody, if it does not. #}
{% macro decided_hubs_sql(tables, tier, members, stands) -%}
    select
        shown.rule,
        shown.hub,
        shown.anchor_node_id,
        case
            {%- for rule in tier.rules %}
            {%- for limit, counted in hub_limits().items() if rule.get(limit) %}
            when shown.rule = '{{ rule.name }}' and shown.{{ hub_count(limit, rule.get('within_days')) }} > {{ rule[limit] }}
                then 'more than {{ rule[limit] }} {{ counted }}{{ ' within ' ~ rule.within_days ~ ' days' if rule.get('within_days') }}'
            {%- endfor %}
            {%- endfor %}
            {%- if tables.guarded %}
            when conflicts.kind like 'steward: %' then 'a steward keeps apart those it would join'
            when conflicts.kind is not null then '{{ too_many_held() }}' || conflicts.kind
            {%- endif %}
            when 1 = 0 then ''
        end as suppression_reason
    from (
        select
            rule,
            hub,
            min(node_id) as anchor_node_id
            {%- for limit, days in hub_counts_of(tier) %},
            {{ hub_count_sql(limit, days) }} as {{ hub_count(limit, days) }}
            {%- endfor %}
        from {{ '(' ~ spread_sql(tables, tier, members, stands) ~ ')' if hub_counts_of(tier) else members }} as spread
        group by rule, hub
        having min(component_id) < max(component_id)
    ) as shown
    {%- if tables.guarded %}
    left join ({{ hub_conflicts_sql(tables, tier, members, stands) }}) as conflicts on shown.rule = conflicts.rule and shown.hub = conflicts.hub
    {%- endif %}
{%- endmacro %}

{# Why a hub links nobody whose components, taken together, would hold more values of a kind than one customer may. #}
{% macro too_many_held(kind='') %}those it would join hold too many of {{ kind }}{% endmacro %}

{# {limit of a rule: what it counts}. #}
{% macro hub_limits() %}
    {{ return({
        'max_records': 'records',
        'max_customers': 'customers',
        'max_named_customers': 'named customers',
        'max_if_nameless': 'nameless customers and no named one',
    }) }}
{% endmacro %}

{# What the rules of a tier count: (limit, days), where no days are for ever. #}
{% macro hub_counts_of(tier) %}
    {%- set counts = [] -%}
    {%- for rule in tier.rules -%}
        {%- for limit in hub_limits() if rule.get(limit) and (limit, rule.get('within_days')) not in counts -%}
            {%- do counts.append((limit, rule.get('within_days'))) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(counts) }}
{% endmacro %}

{# The column of a count. #}
{% macro hub_count(limit, days) %}{{ limit | replace('max_', '') }}{{ '_' ~ days if days }}{% endmacro %}

{% macro hub_seen(links, days) %}{{ seen_within(links, days) if days else '1 = 1' }}{% endmacro %}

{% macro hub_count_sql(limit, days) -%}
    {%- set seen = hub_seen('spread', days) -%}
    {%- if limit == 'max_records' -%} sum({{ hub_count(limit, days) }})
    {%- elif limit == 'max_customers' -%} count(case when {{ seen }} then 1 end)
    {%- elif limit == 'max_named_customers' -%} count(case when is_named and {{ seen }} then 1 end)
    {%- else -%} count(case when {{ seen }} then 1 end) * min(case when is_named then 0 else 1 end)
    {%- endif -%}
{%- endmacro %}

{# Hubs whose components, taken together, would hold more values than one customer may. #}
{% macro hub_conflicts_sql(tables, tier, members, stands) -%}
    select conflicts.rule, conflicts.hub, min(conflicts.kind) as kind
    from (
        select members.rule, members.hub, held.kind
        from {{ members }} as members
        inner join (
            select distinct lower_level.component_id, exclusive.kind, exclusive.held_value, exclusive.most_values
            from {{ tables.exclusive }} as exclusive
            inner join {{ tables.levels[tier.number - 1] }} as lower_level on exclusive.node_id = lower_level.node_id
            {%- if stands %}
            where lower_level.component_id in (select members.component_id from {{ members }} as members)
            {%- endif %}
        ) as held on members.component_id = held.component_id
        group by members.rule, members.hub, held.kind, held.most_values
        having count(distinct held.held_value) > held.most_values and count(distinct members.component_id) > 1
    ) as conflicts
    group by conflicts.rule, conflicts.hub
{%- endmacro %}
