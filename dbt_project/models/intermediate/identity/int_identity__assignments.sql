with active as (

    select distinct record_key
    from {{ ref('int_identity__observations') }}
    where not is_deleted

)

select
    nodes.record_key,
    nodes.node_id,
    components.component_id as customer_id
from {{ ref('int_identity__nodes') }} as nodes
inner join active on nodes.record_key = active.record_key
inner join {{ ref('int_identity__components') }} as components on nodes.node_id = components.node_id
