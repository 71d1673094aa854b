select distinct
    edges.identifier_type as address_kind,
    edges.identifier_value as address
from {{ ref('int_consent__do_not_contact') }} as do_not_contact
inner join {{ ref('int_identity__records') }} as records on do_not_contact.customer_id = records.customer_id
inner join {{ ref('int_identity__edges') }} as edges on records.node_id = edges.node_id
where edges.identifier_type in ('email', 'phone')
