with shown as (

    select
        records.customer_id,
        edges.identifier_type as address_kind,
        edges.identifier_value as address,
        min(edges.first_seen_at) as first_seen_at,
        max(edges.last_seen_at) as last_seen_at
    from {{ ref('int_identity__edges') }} as edges
    inner join {{ ref('int_identity__records') }} as records on edges.record_key = records.record_key
    where edges.identifier_type in ('email', 'phone') and edges.status = 'active'
    group by records.customer_id, edges.identifier_type, edges.identifier_value

)

select
    customer_id,
    address_kind,
    address,
    first_seen_at,
    last_seen_at,
    row_number() over (partition by customer_id, address_kind order by last_seen_at desc, address asc) as recency
from shown
