{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
    post_hook="update {{ beside(ref('int_identity__components'), 'runs') }} set is_told = true where not is_told",
) }}

{%- set components = ref('int_identity__components') %}
{%- set previous = adapter.get_relation(database=this.database, schema=this.schema, identifier='int_identity__records') %}

with clock as (

    select
        as_of,
        generation
    from {{ source('control', 'clock') }}

),

records_before as (

    {% if previous %}
    select
        node_id,
        customer_id
    from {{ previous }}
    {% else %}
    select
        cast(null as bigint) as node_id,
        cast(null as bigint) as customer_id
    where 1 = 0
    {% endif %}

),

moves as (

    select
        changes.old_customer_id,
        changes.new_customer_id,
        changes.generation,
        changes.changed_at,
        count(*) as records_moved,
        min(nodes.node_id) as first_node_id
    from {{ ref('int_identity__id_changes') }} as changes
    inner join {{ ref('int_identity__nodes') }} as nodes on changes.record_key = nodes.record_key
    inner join clock on changes.generation = clock.generation
    where changes.new_customer_id is not null
    {%- if is_incremental() %}
        and not exists (
            select 1
            from {{ this }} as logged
            where logged.generation = changes.generation
        )
    {%- endif %}
    group by changes.old_customer_id, changes.new_customer_id, changes.generation, changes.changed_at

),

named_moves as (

    select
        moves.*,
        case
            when
                moves.old_customer_id in (select assignments.customer_id from {{ ref('int_identity__assignments') }} as assignments)
                or moves.new_customer_id not in (select records_before.customer_id from records_before)
                then 'split'
            else 'merge'
        end as kind
    from moves

),

-- What one run makes and another undoes, before both are told, is as it was.
changes as (

    select
        tier,
        rule,
        hub,
        node_id,
        sum(case when is_linking then 1 else -1 end) > 0 as is_linking
    from {{ beside(components, 'changes') }}
    group by tier, rule, hub, node_id
    having sum(case when is_linking then 1 else -1 end) <> 0

),

-- Everybody who shows what a link that was made or undone is about.
linked as (

    select
        tier,
        rule,
        hub,
        is_linking,
        node_id
    from changes
    union
    select
        changes.tier,
        changes.rule,
        changes.hub,
        changes.is_linking,
        evidence.node_id
    from changes
    inner join {{ beside(components, 'evidence') }} as evidence
        on changes.tier = evidence.tier and changes.rule = evidence.rule and changes.hub = evidence.hub
    where evidence.suppression_reason is null

),

sides as (

    select
        linked.tier,
        linked.rule,
        linked.hub,
        linked.is_linking,
        records_before.customer_id as old_customer_id,
        assignments.customer_id as new_customer_id,
        case when linked.is_linking then assignments.customer_id else records_before.customer_id end as whole_customer_id,
        min(linked.node_id) as node_id
    from linked
    left join records_before on linked.node_id = records_before.node_id
    left join {{ ref('int_identity__assignments') }} as assignments on linked.node_id = assignments.node_id
    group by linked.tier, linked.rule, linked.hub, linked.is_linking, records_before.customer_id, assignments.customer_id

),

-- A made link joins what were two customers before; an undone one held together what are two now. The sides stand in the order of
-- their oldest records: across from the first is the second, across from the others the first.
ordered_sides as (

    select
        tier,
        rule,
        hub,
        is_linking,
        old_customer_id,
        new_customer_id,
        node_id,
        row_number() over (partition by tier, rule, hub, is_linking, whole_customer_id order by node_id) as side,
        min(node_id) over (partition by tier, rule, hub, is_linking, whole_customer_id) as first_node_id,
        lead(node_id) over (partition by tier, rule, hub, is_linking, whole_customer_id order by node_id) as next_node_id
    from sides

),

link_causes as (

    select
        named_moves.old_customer_id,
        named_moves.new_customer_id,
        case when named_moves.kind = 'merge' then sides.is_linking else not sides.is_linking end as is_expected,
        case when sides.is_linking then 'link made' else 'link undone' end as cause,
        sides.tier,
        sides.rule,
        sides.hub,
        sides.node_id,
        case when sides.side = 1 then sides.next_node_id else sides.first_node_id end as other_node_id,
        cast(null as varchar) as cut_reason
    from named_moves
    inner join ordered_sides as sides
        on named_moves.old_customer_id = sides.old_customer_id and named_moves.new_customer_id = sides.new_customer_id
    where sides.side > 1 or sides.next_node_id is not null

),

cut_causes as (

    select
        named_moves.old_customer_id,
        named_moves.new_customer_id,
        false as is_expected,
        'cut' as cause,
        cuts.tier,
        cast(null as varchar) as rule,
        cast(null as varchar) as hub,
        min(cuts.node_id) as node_id,
        cast(null as bigint) as other_node_id,
        cuts.suppression_reason as cut_reason
    from named_moves
    inner join {{ ref('int_identity__assignments') }} as assignments on named_moves.new_customer_id = assignments.customer_id
    inner join {{ beside(components, 'cuts') }} as cuts on assignments.node_id = cuts.node_id
    where named_moves.kind = 'split'
    group by named_moves.old_customer_id, named_moves.new_customer_id, cuts.tier, cuts.suppression_reason

),

causes as (

    select
        found.*,
        row_number() over (
            partition by found.old_customer_id, found.new_customer_id
            order by
                case when found.is_expected then 0 else 1 end,
                found.tier,
                found.rule nulls first,
                found.node_id,
                found.hub,
                found.cut_reason
        ) as standing
    from (
        select * from link_causes
        union all
        select * from cut_causes
    ) as found

),

-- The runs that are not told yet, and the last one that is.
last_runs as (

    select
        count(distinct runs.rules) as rule_sets,
        count(case when runs.is_anew and not runs.is_told then 1 end) as times_anew,
        (select count(*) from changes) as changed_links
    from {{ beside(components, 'runs') }} as runs
    where
        runs.run >= (
            select coalesce(max(told.run), 0)
            from {{ beside(components, 'runs') }} as told
            where told.is_told
        )

)

select
    named_moves.kind,
    named_moves.old_customer_id,
    named_moves.new_customer_id,
    cast(named_moves.records_moved as bigint) as records_moved,
    named_moves.generation,
    named_moves.changed_at,
    case
        when last_runs.changed_links = 0 and last_runs.rule_sets > 1 then 'rules changed'
        when causes.cause is not null then causes.cause
        when last_runs.rule_sets > 1 then 'rules changed'
        when last_runs.times_anew > 0 then 'solved anew'
        else 'cut lifted'
    end as cause,
    cast(causes.tier as bigint) as tier,
    causes.rule,
    coalesce(causes.cut_reason, hubs.suppression_reason, evidence.suppression_reason) as reason,
    coalesce(causes.node_id, named_moves.first_node_id) as node_id,
    causes.other_node_id
from named_moves
cross join last_runs
left join causes
    on
        named_moves.old_customer_id = causes.old_customer_id
        and named_moves.new_customer_id = causes.new_customer_id
        and causes.standing = 1
left join {{ beside(components, 'hubs') }} as hubs on causes.tier = hubs.tier and causes.rule = hubs.rule and causes.hub = hubs.hub
left join {{ beside(components, 'evidence') }} as evidence
    on causes.rule = evidence.rule and causes.hub = evidence.hub and causes.node_id = evidence.node_id
