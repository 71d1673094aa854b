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
    {%- set names = evidence_names() -%}
    {%- if stands -%}
        {%- set given = scratch_table(tables.name ~ '_given', sql) -%}
        {%- set known = scratch_table(tables.name ~ '_known', known_evidence_sql(tables, given)) -%}
        {%- set gone = scratch_table(tables.name ~ '_gone', evidence_difference_sql(known, given)) -%}
        {%- set arrived = scratch_table(tables.name ~ '_arrived', evidence_difference_sql(given, known)) -%}
        {%- do scratch_table(tables.name ~ '_memberships', memberships_sql(tables, gone, arrived)) -%}
        {%- do run_query('delete from ' ~ tables.evidence ~ ' where exists (select 1 from ' ~ gone ~ ' as gone where ' ~ same_link(tables.evidence, 'gone') ~ ')') -%}
        {%- do run_query('insert into ' ~ tables.evidence ~ ' select ' ~ names ~ ' from ' ~ arrived) -%}
    {%- else -%}
        {%- do run_query('insert into ' ~ tables.evidence ~ ' select ' ~ names ~ ' from (' ~ sql ~ ') as given') -%}
        {%- set given = tables.evidence -%}
    {%- endif -%}
    {%- set born = scratch_table(tables.name ~ '_born', born_sql(tables, given, stands)) -%}
    {%- do scratch_table(tables.name ~ '_0_moved', 'select node_id, node_id as component_id from ' ~ born) -%}
    {%- do scratch_table(tables.name ~ '_0_split', 'select node_id from ' ~ born ~ ' where 1 = 0') -%}
    {%- do run_query('insert into ' ~ tables.levels[0] ~ ' select node_id, node_id from ' ~ born) -%}
    {%- do run_query('delete from ' ~ tables.changes) -%}
{% endmacro %}

{% macro born_sql(tables, given, stands) -%}
    select given.node_id
    from {{ given }} as given
    where
        given.rule = 'record'
        {%- if stands %}
        and not exists (select 1 from {{ tables.levels[0] }} as known where known.node_id = given.node_id)
        {%- endif %}
{%- endmacro %}

{# What is stored of the nodes and the rules that `given` speaks about. #}
{% macro known_evidence_sql(tables, given) -%}
    select {{ evidence_names() }}
    from {{ tables.evidence }}
    where is_pairwise or node_id in (select touched.node_id from {{ given }} as touched where not touched.is_pairwise)
{%- endmacro %}

{% macro evidence_difference_sql(left, right) -%}
    select {{ evidence_names() }} from {{ left }}
    except
    select {{ evidence_names() }} from {{ right }}
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
        {%- for rule in windowed_rules(tables) %}
        or (arrived.rule = '{{ rule }}' and gone.last_seen_at <> arrived.last_seen_at)
        {%- endfor %}
{%- endmacro %}

{% macro windowed_rules(tables) %}
    {%- set names = [] -%}
    {%- for tier in tables.tiers -%}
        {%- for rule in tier.rules if rule.get('within_days') %}{% do names.append(rule.name) %}{% endfor -%}
    {%- endfor -%}
    {{ return(names) }}
{% endmacro %}
