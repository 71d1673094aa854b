{{ config(materialized='view') }}

{%- set components = ref('int_identity__components') %}

with links as (

    select
        evidence.*,
        hubs.anchor_node_id,
        coalesce(evidence.suppression_reason, hubs.suppression_reason, cuts.suppression_reason) as reason
    from {{ beside(components, 'evidence') }} as evidence
    left join {{ beside(components, 'hubs') }} as hubs
        on evidence.tier = hubs.tier and evidence.rule = hubs.rule and evidence.hub = hubs.hub
    left join {{ beside(components, 'cuts') }} as cuts
        on hubs.tier = cuts.tier and evidence.node_id = cuts.node_id
    where evidence.rule <> 'record'

)

select
    links.node_id,
    coalesce(links.anchor_node_id, links.node_id) as anchor_node_id,
    nodes.record_key,
    links.tier,
    links.rule,
    links.hub,
    links.identifier_type,
    links.identifier_value,
    links.confidence,
    links.source_name,
    links.first_seen_at,
    links.last_seen_at,
    links.times_observed,
    case when links.reason is null then 'active' else 'suppressed' end as status,
    links.reason as suppression_reason
from links
inner join {{ ref('int_identity__nodes') }} as nodes on links.node_id = nodes.node_id
