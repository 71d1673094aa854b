{#
    Clusters of records by average linkage: two clusters join where the mean weight of the pairs between them speaks for it, the
    most alike first, so that one doubtful pair never joins what all others keep apart.

    The model's SQL gives pairs (a, b, weight, is_repeat), keys and bits, a before b, weights below zero included. The table has one
    row per record that joins another: (record_key, cluster_key, pass), where cluster_key is the smallest key of the cluster and pass
    says when the record found its cluster. `records` names the model that has a row per record (record_key, source_name), lone ones
    included.

    In a round every cluster names its best partner, and partners that name each other merge; where every pair has a weight, that
    gives what merging one by one would. Of a pair that `is_repeat`, b says the same as a and is in no other pair: it begins in a's
    cluster, since of very many alike a round would take in one.

    The second pass looks at what the first has left to one source alone: it is the likelier somebody's, the fewer of its source
    have nobody (`unclaimed_bits`). That is counted, not declared.
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
    {%- set pairs = scratch_table(name ~ '_pairs', 'select a, b, weight, is_repeat from (' ~ pairs_sql ~ ') as given') -%}
    {%- set members = scratch_table(name ~ '_members_0', beginnings_sql(pairs)) -%}
    {%- set links = scratch_table(name ~ '_links_0', 'select a, b, weight as total, 1 as pairs from ' ~ pairs ~ ' where not is_repeat') -%}
    {%- set first = merge_rounds(name ~ '_first', members, links, 1) -%}
    {%- set unclaimed = unclaimed_bits(name ~ '_unclaimed', first, records) -%}
    {%- set boosted = scratch_table(name ~ '_boosted', boosted_sql(first.links, unclaimed)) -%}
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

{# Each record by itself, or with the one that it repeats. #}
{% macro beginnings_sql(pairs) -%}
    {%- set joins = 'is_repeat and weight > 0' -%}
    select record_key, min(cluster_key) as cluster_key, max(pass) as pass
    from (
        select a as record_key, a as cluster_key, case when {{ joins }} then 1 else 0 end as pass from {{ pairs }}
        union all
        select b, case when {{ joins }} then a else b end, case when {{ joins }} then 1 else 0 end from {{ pairs }}
    ) as ends
    group by record_key
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

{#
    Bits that speak for what has found nobody: table (cluster_key, bits), a row per cluster that one source alone knows. Where
    nearly every record of a source has somebody, one that has nobody is rare: what is most like it is likely it.

    How many have nobody depends on the bits, so both are found by repetition, from those that the first pass has left.
#}
{% macro unclaimed_bits(name, solved, records, repetitions=6) %}
    {%- set kinds = scratch_table(name ~ '_kinds', unclaimed_kinds_sql(solved.members, records)) -%}
    {%- set ends = scratch_table(name ~ '_ends', unclaimed_ends_sql(solved.links, kinds)) -%}
    {%- set counts = scratch_table(name ~ '_counts', kind_counts_sql(solved.members, records)) -%}
    {%- set state = namespace(bits=scratch_table(name ~ '_bits_0', kind_bits_sql(counts))) -%}
    {%- for repetition in range(1, repetitions) -%}
        {%- set state.bits = scratch_table(name ~ '_bits_' ~ repetition, kind_bits_sql(counts, claimed_sql(ends, state.bits))) -%}
    {%- endfor -%}
    {{ return(scratch_table(name, 'select kinds.cluster_key, bits.bits from ' ~ kinds ~ ' as kinds inner join ' ~ state.bits ~ ' as bits on kinds.kind = bits.kind')) }}
{% endmacro %}

{# Clusters that one source alone knows: a record by itself is of another kind than several that found each other. #}
{% macro unclaimed_kinds_sql(members, records) -%}
    select
        members.cluster_key,
        case when count(*) = 1 then 'one of ' else 'some of ' end || min(records.source_name) as kind
    from {{ members }} as members
    inner join {{ records }} as records on members.record_key = records.record_key
    group by members.cluster_key
    having min(records.source_name) = max(records.source_name)
{%- endmacro %}

{# What might claim a cluster that one source alone knows; beyond so many bits, no other would count. #}
{% macro unclaimed_ends_sql(links, kinds) -%}
    select ends.cluster_key, own.kind, other.kind as other_kind, ends.mean
    from (
        select a as cluster_key, b as other_key, cast(total as double precision) / pairs as mean from {{ links }}
        union all
        select b as cluster_key, a as other_key, cast(total as double precision) / pairs as mean from {{ links }}
    ) as ends
    inner join {{ kinds }} as own on ends.cluster_key = own.cluster_key
    left join {{ kinds }} as other on ends.other_key = other.cluster_key
    where ends.mean > -20
{%- endmacro %}

{# How many there are of each kind, and how many of them nobody has claimed; records that were compared with nobody are among them. #}
{% macro kind_counts_sql(members, records) -%}
    with clusters as (
        select
            coalesce(members.cluster_key, records.record_key) as cluster_key,
            records.source_name,
            count(*) as records,
            count(*) over (partition by coalesce(members.cluster_key, records.record_key)) as sources
        from {{ records }} as records
        left join {{ members }} as members on records.record_key = members.record_key
        group by coalesce(members.cluster_key, records.record_key), records.source_name
    )
    select
        'one of ' || source_name as kind,
        sum(records) as everyone,
        sum(case when sources = 1 and records = 1 then 1 else 0 end) as unclaimed
    from clusters
    group by source_name
    union all
    select
        'some of ' || source_name as kind,
        count(*) as everyone,
        sum(case when sources = 1 then 1 else 0 end) as unclaimed
    from clusters
    group by source_name
{%- endmacro %}

{# The share of a kind that has nobody, as bits against it; one in a hundred is always thought to have nobody. #}
{% macro kind_bits_sql(counts, claimed_sql=none) -%}
    {%- set found = 'coalesce(claimed.found, 0)' if claimed_sql else '0' -%}
    select
        counts.kind,
        round(cast(-{{ log2('greatest((counts.unclaimed - ' ~ found ~ ' + 0.5) / cast(counts.everyone + 1 as double precision), 0.01)') }} as decimal(18, 6)), 2) as bits
    from {{ counts }} as counts
    {%- if claimed_sql %}
    left join ({{ claimed_sql }}) as claimed on counts.kind = claimed.kind
    {%- endif %}
{%- endmacro %}

{# How many of a kind have somebody after all; each has one, or nobody. #}
{% macro claimed_sql(ends, bits) -%}
    select claims.kind, cast(sum(claims.odds / (1 + claims.odds)) as decimal(18, 2)) as found
    from (
        select ends.cluster_key, ends.kind, sum(power(cast(2 as double precision), least(ends.mean + own.bits + coalesce(other.bits, 0), 60))) as odds
        from {{ ends }} as ends
        inner join {{ bits }} as own on ends.kind = own.kind
        left join {{ bits }} as other on ends.other_kind = other.kind
        group by ends.cluster_key, ends.kind
    ) as claims
    group by claims.kind
{%- endmacro %}

{% macro boosted_sql(links, unclaimed) -%}
    select
        links.a,
        links.b,
        links.total + links.pairs * (coalesce(left_end.bits, 0) + coalesce(right_end.bits, 0)) as total,
        links.pairs
    from {{ links }} as links
    left join {{ unclaimed }} as left_end on links.a = left_end.cluster_key
    left join {{ unclaimed }} as right_end on links.b = right_end.cluster_key
{%- endmacro %}

{% macro joined_sql(members) -%}
    select members.record_key, members.cluster_key, members.pass
    from {{ members }} as members
    where members.pass > 0
{%- endmacro %}
