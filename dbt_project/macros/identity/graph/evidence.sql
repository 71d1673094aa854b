{# The columns of stored evidence, as `name type`. #}
{% macro evidence_columns() %}
    {{ return([
        'node_id bigint', 'tier integer', 'rule varchar', 'hub varchar', 'is_pairwise boolean', 'is_named boolean',
        'identifier_type varchar', 'identifier_value varchar', 'confidence double precision', 'source_name varchar',
        'first_seen_at timestamp', 'last_seen_at timestamp', 'times_observed bigint', 'suppression_reason varchar',
    ]) }}
{% endmacro %}

{% macro evidence_names() %}
    {%- set names = [] -%}
    {%- for column in evidence_columns() %}{% do names.append(column.split(' ')[0]) %}{% endfor -%}
    {{ return(names | join(', ')) }}
{% endmacro %}

{#
    Store what changed in the evidence. Leaves `born`, the nodes never seen before, and, where a graph `stands`, `memberships`: who
    joined or left which hub.
#}
{% macro take_evidence(tables, sql, stands) %}
    {%- set name, names = tables.name, evidence_names() -%}
    {%- if stands -%}
        {%- set given = scratch_table(name ~ '_given', sql) -%}
        {%- set seen = scratch_table(name ~ '_seen', seen_nodes_sql(tables, given)) -%}
        {%- set born = scratch_table(name ~ '_born', given_nodes_sql(given) ~ ' and given.node_id not in (select seen.node_id from ' ~ seen ~ ' as seen)') -%}
        {%- set known = scratch_table(name ~ '_known', known_evidence_sql(tables, seen)) -%}
        {%- set gone = scratch_table(name ~ '_gone', evidence_difference_sql(known, given)) -%}
        {%- set arrived = scratch_table(name ~ '_arrived', evidence_difference_sql(given, known)) -%}
        {%- do scratch_table(name ~ '_memberships', memberships_sql(tables, gone, arrived)) -%}
        {%- do run_query(forget_evidence_sql(tables, gone)) -%}
        {%- do run_query('insert into ' ~ tables.evidence ~ ' select ' ~ names ~ ' from ' ~ arrived) -%}
    {%- else -%}
        {%- do run_query('insert into ' ~ tables.evidence ~ ' select ' ~ names ~ ' from (' ~ sql ~ ') as given') -%}
        {%- set born = scratch_table(name ~ '_born', given_nodes_sql(tables.evidence)) -%}
    {%- endif -%}
    {%- do scratch_table(name ~ '_0_moved', 'select node_id, node_id as component_id from ' ~ born) -%}
    {%- do scratch_table(name ~ '_0_split', 'select node_id from ' ~ born ~ ' where 1 = 0') -%}
    {%- do run_query('insert into ' ~ tables.levels[0] ~ ' select node_id, node_id from ' ~ born) -%}
{% endmacro %}

{% macro given_nodes_sql(given) -%}
    select given.node_id
    from {{ given }} as given
    where given.rule = 'record'
{%- endmacro %}

{# The given nodes that an earlier run knew. #}
{% macro seen_nodes_sql(tables, given) -%}
    select known.node_id
    from {{ tables.levels[0] }} as known
    where known.node_id in ({{ given_nodes_sql(given) }})
{%- endmacro %}

{# What is stored of the nodes and the rules that are given. #}
{% macro known_evidence_sql(tables, seen) -%}
    select {{ evidence_names() }}
    from {{ tables.evidence }}
    where is_pairwise
    union all
    select {{ evidence_names() }}
    from {{ tables.evidence }}
    where not is_pairwise and node_id in (select seen.node_id from {{ seen }} as seen)
{%- endmacro %}

{# Rows of `left` that do not stand in `right` as they are. A link stands once in each. #}
{% macro evidence_difference_sql(left, right) -%}
    select left_links.*
    from {{ left }} as left_links
    left join {{ right }} as right_links on {{ same_link('left_links', 'right_links') }}
    where
        right_links.node_id is null
        {%- for column in evidence_columns() if column.split(' ')[0] not in ['node_id', 'rule', 'hub'] %}
        or left_links.{{ column.split(' ')[0] }} is distinct from right_links.{{ column.split(' ')[0] }}
        {%- endfor %}
{%- endmacro %}

{# The nodes stand first and by themselves: a number prunes a scan, a text does not. #}
{% macro forget_evidence_sql(tables, gone) -%}
    delete from {{ tables.evidence }}
    where
        node_id in (select gone.node_id from {{ gone }} as gone)
        and exists (select 1 from {{ gone }} as gone where {{ same_link(tables.evidence, 'gone') }})
{%- endmacro %}

{% macro same_link(left, right) -%}
    {{ left }}.rule = {{ right }}.rule and {{ left }}.hub = {{ right }}.hub and {{ left }}.node_id = {{ right }}.node_id
{%- endmacro %}

{# Links that came, went, or count otherwise towards a limit than before. #}
{% macro memberships_sql(tables, gone, arrived) -%}
    select
        coalesce(arrived.tier, gone.tier) as tier,
        coalesce(arrived.rule, gone.rule) as rule,
        coalesce(arrived.hub, gone.hub) as hub,
        coalesce(arrived.node_id, gone.node_id) as node_id,
        gone.node_id is not null and gone.suppression_reason is null as was_member,
        arrived.node_id is not null and arrived.suppression_reason is null as is_member
    from {{ gone }} as gone
    full outer join {{ arrived }} as arrived on {{ same_link('gone', 'arrived') }}
    where
        gone.node_id is null
        or arrived.node_id is null
        or coalesce(gone.suppression_reason, '') <> coalesce(arrived.suppression_reason, '')
        or gone.is_named <> arrived.is_named
        {%- for rule, days in windows(tables) %}
        or (arrived.rule = '{{ rule }}' and {{ seen_within('gone', days) }} is distinct from {{ seen_within('arrived', days) }})
        {%- endfor %}
{%- endmacro %}

{# Rules whose links count for some days only, towards a limit or towards what a customer may hold: (rule, days). #}
{% macro windows(tables) %}
    {%- set found = [] -%}
    {%- for tier in tables.tiers -%}
        {%- for rule in tier.rules -%}
            {%- for days in [rule.get('within_days'), tables.limited.get(rule.get('identifier'), {}).get('within_days')] if days -%}
                {%- do found.append((rule.name, days)) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}

{% macro seen_within(links, days) %}({{ links }}.last_seen_at >= {{ add_days(as_of(), -days) }}){% endmacro %}
