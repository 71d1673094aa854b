{%- set components = ref('int_identity__components') %}

with suppressed as (

    select
        'value' as kind,
        hubs.tier,
        hubs.rule,
        evidence.identifier_type,
        hubs.hub as shown,
        hubs.suppression_reason as reason,
        records.customer_id
    from {{ beside(components, 'hubs') }} as hubs
    inner join {{ beside(components, 'evidence') }} as evidence
        on hubs.tier = evidence.tier and hubs.rule = evidence.rule and hubs.hub = evidence.hub
    inner join {{ ref('int_identity__records') }} as records on evidence.node_id = records.node_id
    where hubs.suppression_reason is not null and evidence.suppression_reason is null

),

cut as (

    select
        'customer' as kind,
        cuts.tier,
        cast(null as varchar) as rule,
        cast(null as varchar) as identifier_type,
        nodes.record_key as shown,
        cuts.suppression_reason as reason,
        records.customer_id
    from {{ beside(components, 'cuts') }} as cuts
    inner join {{ ref('int_identity__records') }} as records on cuts.node_id = records.node_id
    inner join {{ ref('int_identity__nodes') }} as nodes on cuts.candidate_id = nodes.node_id

),

counted as (

    select
        kind,
        tier,
        rule,
        identifier_type,
        shown,
        reason,
        count(distinct customer_id) as customers_count,
        count(*) as records_count,
        min(customer_id) as oldest_customer_id,
        max(customer_id) as newest_customer_id
    from (
        select * from suppressed
        union all
        select * from cut
    ) as found
    group by kind, tier, rule, identifier_type, shown, reason
    having count(distinct customer_id) > 1

)

select
    cast(
        row_number() over (
            order by customers_count desc, records_count desc, oldest_customer_id asc, tier asc, rule asc nulls first, shown asc, kind asc
        ) as bigint
    ) as priority,
    cast(kind as varchar) as kind,
    cast(tier as bigint) as tier,
    cast(rule as varchar) as rule,
    cast(identifier_type as varchar) as identifier_type,
    cast(shown as varchar) as shown,
    cast(reason as varchar) as reason,
    cast(customers_count as bigint) as customers_count,
    cast(records_count as bigint) as records_count,
    cast(oldest_customer_id as bigint) as oldest_customer_id,
    cast(newest_customer_id as bigint) as newest_customer_id
from counted
