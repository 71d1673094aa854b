{#
    Clusters of records by average linkage: two clusters join where the mean weight of the pairs between them speaks for it, the
    most alike first, so that one doubtful pair never joins what all others keep apart.

    The model's SQL gives pairs (a, b, weight), keys and bits, a before b, weights below zero included. The table has one row per
    record that joins another: (record_key, cluster_key, pass), where cluster_key is the smallest key of the cluster and pass says
    when the record found its cluster. `records` names the model that has a row per record, lone ones included.

    In a round every cluster names its best partner, and partners that name each other merge; where every pair has a weight, that
    gives what merging one by one would.

    The second pass looks at what the first left alone. Two records that no other record claims are likelier to be each other's:
    among so few, chance finds hardly any pair that is alike. How much likelier is counted, not declared (`leftover_weights`).
#}
{% materialization linked_clusters, default %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {{ run_hooks(pre_hooks) }}
    {%- if existing %}{% do adapter.drop_relation(existing) %}{% endif -%}
    {%- set records = ref(config.require('records')) -%}
    {%- set clusters = link_clusters(sql, this.identifier, records) -%}
    {% call statement('main') -%}
        create table {{ target_relation }} as
        select members.record_key, members.cluster_key, members.pass from {{ clusters }} as members
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{# Name of a temporary table (record_key, cluster_key, pass). #}
{% macro link_clusters(pairs_sql, name, records) %}
    {%- set pairs = scratch_table(name ~ '_pairs', 'select a, b, weight from (' ~ pairs_sql ~ ') as given') -%}
    {%- set members = scratch_table(name ~ '_members_0', each_alone_sql(pairs)) -%}
    {%- set links = scratch_table(name ~ '_links_0', 'select a, b, weight as total, 1 as pairs from ' ~ pairs) -%}
    {%- set first = merge_rounds(name ~ '_first', members, links, 1) -%}
    {%- set boosted = scratch_table(name ~ '_boosted', boosted_sql(first.members, first.links, leftover_weights(first, records))) -%}
    {%- set second = merge_rounds(name ~ '_second', first.members, boosted, 2) -%}
    {{ return(scratch_table(name ~ '_joined', joined_sql(second.members))) }}
{% endmacro %}

{% macro merge_rounds(name, members, links, pass, most_rounds=64) %}
    {%- set state = namespace(members=members, links=links, merged=1) -%}
    {%- for round in range(most_rounds) if state.merged > 0 -%}
        {%- set merges = scratch_table(name ~ '_merges_' ~ round, mutual_best_sql(state.links)) -%}
        {%- set state.merged = run_query('select count(*) from ' ~ merges).columns[0].values()[0] | int -%}
        {%- if state.merged > 0 -%}
            {%- set state.members = scratch_table(name ~ '_members_' ~ round, merged_members_sql(state.members, merges, pass)) -%}
            {%- set state.links = scratch_table(name ~ '_links_' ~ round, merged_links_sql(state.links, merges)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return({'members': state.members, 'links': state.links}) }}
{% endmacro %}

{% macro each_alone_sql(pairs) -%}
    select a as record_key, a as cluster_key, 0 as pass from {{ pairs }}
    union
    select b as record_key, b as cluster_key, 0 as pass from {{ pairs }}
{%- endmacro %}

{# Pairs of clusters, each of which is the other's best partner; ties are broken by the pair itself, so one pair always merges. #}
{% macro mutual_best_sql(links) -%}
    with likely as (
        select a, b, cast(total as double precision) / pairs as mean from {{ links }} where total > 0
    ),
    ranked as (
        select
            ends.a,
            ends.b,
            row_number() over (partition by ends.side order by ends.mean desc, ends.a asc, ends.b asc) as standing
        from (
            select a, b, mean, a as side from likely
            union all
            select a, b, mean, b as side from likely
        ) as ends
    )
    select a, b from ranked where standing = 1 group by a, b having count(*) = 2
{%- endmacro %}

{% macro merged_members_sql(members, merges, pass) -%}
    select
        members.record_key,
        coalesce(merges.a, members.cluster_key) as cluster_key,
        case when members.pass = 0 and (merges.a is not null or kept.a is not null) then {{ pass }} else members.pass end as pass
    from {{ members }} as members
    left join {{ merges }} as merges on members.cluster_key = merges.b
    left join {{ merges }} as kept on members.cluster_key = kept.a
{%- endmacro %}

{% macro merged_links_sql(links, merges) -%}
    select
        least(coalesce(left_merge.a, links.a), coalesce(right_merge.a, links.b)) as a,
        greatest(coalesce(left_merge.a, links.a), coalesce(right_merge.a, links.b)) as b,
        sum(links.total) as total,
        sum(links.pairs) as pairs
    from {{ links }} as links
    left join {{ merges }} as left_merge on links.a = left_merge.b
    left join {{ merges }} as right_merge on links.b = right_merge.b
    where coalesce(left_merge.a, links.a) <> coalesce(right_merge.a, links.b)
    group by
        least(coalesce(left_merge.a, links.a), coalesce(right_merge.a, links.b)),
        greatest(coalesce(left_merge.a, links.a), coalesce(right_merge.a, links.b))
{%- endmacro %}

{# Links with the number of lone records at their ends: 0, 1 or 2. #}
{% macro lone_ends_sql(members, links) -%}
    select
        links.a,
        links.b,
        links.total,
        links.pairs,
        case when left_size.records = 1 then 1 else 0 end + case when right_size.records = 1 then 1 else 0 end as lone
    from {{ links }} as links
    inner join (select cluster_key, count(*) as records from {{ members }} group by cluster_key) as left_size
        on links.a = left_size.cluster_key
    inner join (select cluster_key, count(*) as records from {{ members }} group by cluster_key) as right_size
        on links.b = right_size.cluster_key
{%- endmacro %}

{#
    Bits that speak for a pair with 0, 1 or 2 lone ends: the share of the matches still to be found that are such pairs, over the
    share of all pairs that are. The former depends on the latter, so it is found by repetition, from equal shares.
#}
{% macro leftover_weights(solved, records, repetitions=6) %}
    {%- set joined = run_query(
        'select count(*) from (select cluster_key, count(*) as records from ' ~ solved.members ~ ' group by cluster_key having count(*) > 1) as c '
        ~ 'inner join ' ~ solved.members ~ ' as m on c.cluster_key = m.cluster_key'
    ).columns[0].values()[0] | int -%}
    {%- set everyone = run_query('select count(*) from ' ~ records).columns[0].values()[0] | int -%}
    {%- set alone = everyone - joined -%}
    {%- set all_pairs = [everyone * (everyone - 1) / 2, 1] | max -%}
    {%- set shares = [joined * (joined - 1) / 2 / all_pairs, joined * alone / all_pairs, alone * (alone - 1) / 2 / all_pairs] -%}
    {%- set state = namespace(found=[1 / 3, 1 / 3, 1 / 3]) -%}
    {%- for _ in range(repetitions) -%}
        {%- set expected = run_query(expected_matches_sql(solved.members, solved.links, state.found, shares)).columns -%}
        {%- set found = [] -%}
        {%- for column in expected %}{% do found.append(column.values()[0] | float + 0.5) %}{% endfor -%}
        {%- set state.found = [found[0] / found | sum, found[1] / found | sum, found[2] / found | sum] -%}
    {%- endfor -%}
    {{ return(leftover_bits_sql(state.found, shares)) }}
{% endmacro %}

{# Expected number of matches among the pairs with 0, 1 and 2 lone ends. #}
{% macro expected_matches_sql(members, links, found, shares) -%}
    select
        {%- for lone in range(3) %}
        cast(coalesce(sum(case when lone = {{ lone }} then likelihood end), 0) as decimal(18, 2)) as matches_{{ lone }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        select
            ends.lone,
            {{ probability('cast(ends.total as double precision) / ends.pairs + ' ~ leftover_bits_sql(found, shares)) }} as likelihood
        from ({{ lone_ends_sql(members, links) }}) as ends
    ) as weighed
{%- endmacro %}

{# The bits as a case over `lone`, two decimals. #}
{% macro leftover_bits_sql(found, shares) -%}
    case lone
        {%- for lone in range(3) %}
        when {{ lone }} then round(cast({{ log2('cast(' ~ [found[lone], 0.000001] | max ~ ' as double precision) / ' ~ [shares[lone], 0.000000000001] | max) }} as decimal(18, 6)), 2)
        {%- endfor %}
    end
{%- endmacro %}

{% macro boosted_sql(members, links, bits) -%}
    select ends.a, ends.b, ends.total + ends.pairs * ({{ bits }}) as total, ends.pairs
    from ({{ lone_ends_sql(members, links) }}) as ends
{%- endmacro %}

{% macro joined_sql(members) -%}
    select members.record_key, members.cluster_key, members.pass
    from {{ members }} as members
    where members.pass > 0
{%- endmacro %}
