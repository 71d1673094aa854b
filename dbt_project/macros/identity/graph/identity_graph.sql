{#
    The identity graph, solved tier by tier and kept from run to run (ADR 12).

    The model's SQL gives evidence, one row per node, rule and hub: a hub is what nodes share (a value, or a pair of nodes). Of a
    rule that `is_pairwise` all rows are given, always; of the others all rows of every node that changed, among them one of the
    rule `record`, so that a node which shows nothing any more is known too.

    The table has one row per node: (node_id, component_id), where component_id is the smallest node of its component. Beside it,
    under its name: `__evidence`, as given; `__hubs`, what was decided about each hub that spans components; `__tier_<n>`, the
    components after each tier; `__cuts`, what the guard took apart; `__runs`; `__changes`, the links that runs made or undid of
    which `int_identity__merges` has not told yet. All are written in one transaction: a run that dies leaves them as they were.
#}
{% materialization identity_graph, default %}
    {%- set tables = graph_tables(this) -%}
    {{ run_hooks(pre_hooks) }}
    {#- The first statement opens the transaction that all others are in: `run_query` opens none, and DuckDB would commit each. -#}
    {%- call statement('arrived', fetch_result=true) -%}
        select coalesce(max(_last_arrival), 0) from {{ ref('int_identity__observations') }}
    {%- endcall -%}
    {%- set arrived = load_result('arrived').table.columns[0].values()[0] | int -%}
    {%- do solve_graph(tables, sql, graph_stands(tables), arrived) -%}
    {% call statement('main') -%}
        select count(*) from {{ this }}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {{ return({'relations': [this]}) }}
{% endmaterialization %}

{# Take the evidence of `sql` in and bring every table of the graph up to it; from nothing, unless one `stands`. #}
{% macro solve_graph(tables, sql, stands, arrived) %}
    {%- if not stands %}{% do begin_graph(tables) %}{% endif -%}
    {%- do tables.update({'run': next_run(tables)}) -%}
    {%- do forget_told_changes(tables) -%}
    {%- do take_evidence(tables, sql, stands) -%}
    {%- do tables.update({'exclusive': scratch_table(tables.name ~ '_exclusive', exclusive_values_sql(tables))}) -%}
    {%- do tables.update({'guarded': holds_rows(tables.exclusive)}) -%}
    {%- for tier in tables.tiers %}{% do solve_tier(tables, tier, stands) %}{% endfor -%}
    {%- do run_query(graph_run_sql(tables, arrived, stands)) -%}
{% endmacro %}

{#
    The tables of one graph and the rules it is solved by: `tiers` are {number, rules}, `limited` is {identifier type: how many
    values of it one customer may have, `max_per_customer`, ever or `within_days`}.
#}
{% macro graph_tables(relation) %}
    {%- set tiers, levels, limited, exclusive_rules = [], [], {}, ['never_link'] -%}
    {%- for tier in var('identity').tiers -%}
        {%- do levels.append(beside(relation, 'tier_' ~ loop.index0)) -%}
        {%- do tiers.append({'number': loop.index, 'rules': tier.rules}) -%}
    {%- endfor -%}
    {%- for type, declared in var('identity').identifiers.items() if declared.get('max_per_customer') -%}
        {%- do limited.update({type: declared}) -%}
    {%- endfor -%}
    {%- for tier in var('identity').tiers -%}
        {%- for rule in tier.rules if rule.get('identifier') in limited %}{% do exclusive_rules.append(rule.name) %}{% endfor -%}
    {%- endfor -%}
    {{ return({
        'name': relation.identifier,
        'evidence': beside(relation, 'evidence'),
        'hubs': beside(relation, 'hubs'),
        'cuts': beside(relation, 'cuts'),
        'changes': beside(relation, 'changes'),
        'runs': beside(relation, 'runs'),
        'levels': levels + [relation],
        'tiers': tiers,
        'limited': limited,
        'exclusive_rules': exclusive_rules,
    }) }}
{% endmacro %}

{% macro beside(relation, suffix) %}
    {{ return(relation.incorporate(path={'identifier': relation.identifier ~ '__' ~ suffix})) }}
{% endmacro %}

{% macro holds_rows(table) %}{{ return(run_query('select count(*) from ' ~ table).columns[0].values()[0] | int > 0) }}{% endmacro %}

{# Whether the graph of an earlier run is there, and was made by the rules of today. #}
{% macro graph_stands(tables) %}
    {%- if should_full_refresh() or load_relation(tables.runs) is none %}{{ return(false) }}{% endif -%}
    {%- set last = run_query('select rules from ' ~ tables.runs ~ ' order by run desc limit 1').columns[0].values() -%}
    {{ return(last | length == 1 and last[0] == graph_rules()) }}
{% endmacro %}

{# A digest of all that decides how evidence becomes customers. The number goes up when these macros decide or say something else. #}
{% macro graph_rules() %}
    {%- set files = [] -%}
    {%- for node in graph.nodes.values() if node.name in ['int_identity__evidence', 'int_identity__shared_records', 'identifier_block_list'] -%}
        {%- do files.append(node.name ~ node.checksum.checksum) -%}
    {%- endfor -%}
    {{ return(local_md5(tojson([3, var('identity'), files | sort], sort_keys=true))) }}
{% endmacro %}

{# What had arrived when the graph was last solved; -1 where none stands. #}
{% macro graph_watermark(relation) %}
    {%- if not execute or not graph_stands(graph_tables(relation)) %}{{ return(-1) }}{% endif -%}
    {{ return(run_query('select max(last_arrival) from ' ~ beside(relation, 'runs')).columns[0].values()[0] | int) }}
{% endmacro %}

{% macro next_run(tables) %}
    {{ return(run_query('select coalesce(max(run), 0) + 1 from ' ~ tables.runs).columns[0].values()[0] | int) }}
{% endmacro %}

{# A run whose merges were never logged, since dbt ended between the two, leaves its links to be told with those of the next. #}
{% macro forget_told_changes(tables) %}
    {%- do run_query(
        'delete from ' ~ tables.changes ~ ' where run in (select runs.run from ' ~ tables.runs ~ ' as runs where runs.is_told)'
    ) -%}
{% endmacro %}

{% macro begin_graph(tables) %}
    {%- for level in tables.levels -%}
        {%- do new_table(level, ['node_id bigint', 'component_id bigint']) -%}
    {%- endfor -%}
    {%- do new_table(tables.evidence, evidence_columns()) -%}
    {%- set hub = ['tier integer', 'rule varchar', 'hub varchar'] -%}
    {%- do new_table(tables.hubs, hub + ['anchor_node_id bigint', 'suppression_reason varchar']) -%}
    {%- do new_table(tables.changes, ['run bigint'] + hub + ['node_id bigint', 'is_linking boolean']) -%}
    {%- do new_table(tables.cuts, ['tier integer', 'node_id bigint', 'candidate_id bigint', 'suppression_reason varchar']) -%}
    {%- do run_query(
        'create table if not exists ' ~ tables.runs
        ~ ' (run bigint, rules varchar, last_arrival bigint, nodes bigint, components bigint, links_made bigint, links_undone bigint)'
    ) -%}
    {%- for column in ['is_anew', 'is_told'] -%}
        {%- do run_query('alter table ' ~ tables.runs ~ ' add column if not exists ' ~ column ~ ' boolean') -%}
    {%- endfor -%}
{% endmacro %}

{% macro new_table(relation, columns) %}
    {#- Dropped by the adapter, which takes views on it along and knows that they are gone: the build makes them again. -#}
    {%- set standing = load_relation(relation) -%}
    {%- if standing is not none %}{% do adapter.drop_relation(standing) %}{% endif -%}
    {%- do run_query('create table ' ~ relation ~ ' (' ~ columns | join(', ') ~ ')') -%}
{% endmacro %}

{# One row: the run that ends here. #}
{% macro graph_run_sql(tables, arrived, stands) %}
    insert into {{ tables.runs }}
    select
        {{ tables.run }} as run,
        '{{ graph_rules() }}' as rules,
        {{ arrived }} as last_arrival,
        count(*) as nodes,
        count(case when node_id = component_id then 1 end) as components,
        (select count(*) from {{ tables.changes }} where run = {{ tables.run }} and is_linking) as links_made,
        (select count(*) from {{ tables.changes }} where run = {{ tables.run }} and not is_linking) as links_undone,
        {{ 'false' if stands else 'true' }} as is_anew,
        false as is_told
    from {{ tables.levels[-1] }}
{% endmacro %}
