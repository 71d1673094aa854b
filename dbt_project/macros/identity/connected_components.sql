{#
    Connected components of a graph by randomised contraction (Bögeholz, Brand and Todor, ICDE 2020), in a number of rounds that is
    logarithmic whatever the shape: a chain of a million links takes as few as a star.

    The SQL gives edges (a, b), integers from 0 to 2^31 - 1. The answer is the name of a temporary table with one row per node that
    has an edge: (node_id, component_id), where component_id is some node of the component.

    In a round each node picks the neighbour (or itself) that hashes lowest; hash and node share one bigint, so picking is a
    plain min(). Edges between the picked survive, until none is left; then the picks are followed back.
#}
{% macro solve_components(edges_sql, name, most_rounds=64) %}
    {%- set prime = 2147483647 -%}
    {%- set state = namespace(edges=scratch_table(name ~ '_edges_0', 'select a, b from (' ~ edges_sql ~ ') as given'), rounds=[], left=1) -%}
    {%- for round in range(most_rounds) if state.left > 0 -%}
        {%- set factor = (1103515245 * (round + 7) * (round + 13) + 12345) % (prime - 1) + 1 -%}
        {%- set offset = (69069 * (round + 1) + 362437) % prime -%}
        {%- set picks = scratch_table(name ~ '_picks_' ~ round, picks_sql(state.edges, factor, offset, prime)) -%}
        {%- set remaining = scratch_table(name ~ '_edges_' ~ (round + 1), contracted_sql(state.edges, picks)) -%}
        {%- set state.left = run_query('select count(*) from ' ~ remaining).columns[0].values()[0] | int -%}
        {%- do state.rounds.append(picks) -%}
        {%- set state.edges = remaining -%}
    {%- endfor -%}
    {%- if state.left > 0 -%}
        {{ exceptions.raise_compiler_error(name ~ ': the components have not settled after ' ~ most_rounds ~ ' rounds.') }}
    {%- endif -%}
    {%- set answer = namespace(table=state.rounds[-1]) -%}
    {%- for picks in state.rounds[:-1] | reverse -%}
        {%- set answer.table = scratch_table(name ~ '_answer_' ~ loop.index, followed_sql(picks, answer.table)) -%}
    {%- endfor -%}
    {{ return(answer.table) }}
{% endmacro %}

{% macro packed_hash(column, factor, offset, prime) %}((({{ factor }} * {{ column }} + {{ offset }}) % {{ prime }}) * 2147483648 + {{ column }}){% endmacro %}

{% macro picks_sql(edges, factor, offset, prime) -%}
    select
        node_id,
        least(min(neighbour), {{ packed_hash('node_id', factor, offset, prime) }}) % 2147483648 as component_id
    from (
        select cast(a as bigint) as node_id, {{ packed_hash('cast(b as bigint)', factor, offset, prime) }} as neighbour from {{ edges }}
        union all
        select cast(b as bigint) as node_id, {{ packed_hash('cast(a as bigint)', factor, offset, prime) }} as neighbour from {{ edges }}
    ) as both_ways
    group by node_id
{%- endmacro %}

{% macro contracted_sql(edges, picks) -%}
    select distinct
        least(left_pick.component_id, right_pick.component_id) as a,
        greatest(left_pick.component_id, right_pick.component_id) as b
    from {{ edges }} as edges
    inner join {{ picks }} as left_pick on edges.a = left_pick.node_id
    inner join {{ picks }} as right_pick on edges.b = right_pick.node_id
    where left_pick.component_id <> right_pick.component_id
{%- endmacro %}

{% macro followed_sql(picks, answer) -%}
    select picks.node_id, coalesce(answer.component_id, picks.component_id) as component_id
    from {{ picks }} as picks
    left join {{ answer }} as answer on picks.component_id = answer.node_id
{%- endmacro %}

{# A table of this session only. #}
{% macro scratch_table(name, sql) %}{{ return(adapter.dispatch('scratch_table', 'cdp')(name, sql)) }}{% endmacro %}

{% macro default__scratch_table(name, sql) %}
    {%- do run_query('drop table if exists ' ~ name) -%}
    {%- do run_query('create temporary table ' ~ name ~ ' as ' ~ sql) -%}
    {{ return(name) }}
{% endmacro %}

{% macro duckdb__scratch_table(name, sql) %}
    {%- do run_query('create or replace temporary table ' ~ name ~ ' as ' ~ sql) -%}
    {{ return(name) }}
{% endmacro %}

{% macro postgres__scratch_table(name, sql) %}
    {%- do run_query('drop table if exists ' ~ name) -%}
    {%- do run_query('create temporary table ' ~ name ~ ' as ' ~ sql) -%}
    {%- do run_query('analyze ' ~ name) -%}
    {{ return(name) }}
{% endmacro %}
