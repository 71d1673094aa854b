with links as (

    select
        observations.record_key,
        nodes.node_id,
        observations.identifier_type,
        observations.identifier_value,
        observations.source_name,
        observations.first_seen_at,
        observations.last_seen_at,
        observations.times_observed,
        case when identifiers.is_shared then coalesce(observations.name_key, '') else '' end as shared_name_key,
        case
            when observations.is_deleted then 'deleted record'
            when shared_records.record_key is not null then 'shared record'
            when identifiers.suppression_reason is not null then identifiers.suppression_reason
            when identifiers.is_shared and observations.name_key is null then 'shared value, no name'
        end as suppression_reason
    from {{ ref('int_identity__observations') }} as observations
    inner join {{ ref('int_identity__nodes') }} as nodes on observations.record_key = nodes.record_key
    inner join {{ ref('int_identity__identifiers') }} as identifiers
        on
            observations.identifier_type = identifiers.identifier_type
            and observations.identifier_value = identifiers.identifier_value
    left join {{ ref('int_identity__shared_records') }} as shared_records
        on observations.record_key = shared_records.record_key

)

select
    node_id,
    min(node_id) over (
        partition by
            identifier_type,
            identifier_value,
            shared_name_key,
            case when suppression_reason is null then 'active' else record_key end
    ) as anchor_node_id,
    record_key,
    identifier_type,
    identifier_value,
    shared_name_key,
    source_name,
    first_seen_at,
    last_seen_at,
    times_observed,
    case when suppression_reason is null then 'active' else 'suppressed' end as status,
    suppression_reason
from links
