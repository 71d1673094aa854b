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
    cast(reachable.audience_name as varchar) as audience_name,
    cast(reachable.customer_id as bigint) as customer_id,
    cast(reachable.channel as varchar) as channel,
    cast(reachable.address_kind as varchar) as address_kind,
    cast(reachable.address as varchar) as address,
    cast(verdicts.variant as varchar) as variant
from reachable
inner join {{ ref('int_audiences__verdicts') }} as verdicts
    on reachable.audience_name = verdicts.audience_name and reachable.customer_id = verdicts.customer_id
where reachable.choice = 1 and verdicts.is_member
