with reachable as (

    select
        *,
        row_number() over (
            partition by audience_name, customer_id, address_kind
            order by recency asc, address asc
        ) as choice
    from {{ ref('int_audiences__candidates') }}
    where has_address and is_consented and not is_suppressed and not is_do_not_contact

)

select
    cast(audience_name as varchar) as audience_name,
    cast(customer_id as bigint) as customer_id,
    cast(channel as varchar) as channel,
    cast(address_kind as varchar) as address_kind,
    cast(address as varchar) as address
from reachable
where choice = 1
