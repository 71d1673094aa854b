with customers as (

    select
        audience_name,
        customer_id,
        max(case when not is_do_not_contact then 1 else 0 end) as may_be_contacted,
        max(case when not is_do_not_contact and has_address then 1 else 0 end) as has_address,
        max(case when not is_do_not_contact and has_address and is_consented then 1 else 0 end) as has_consent,
        max(case when not is_do_not_contact and has_address and is_consented and not is_suppressed then 1 else 0 end) as is_reachable
    from {{ ref('int_audiences__candidates') }}
    group by audience_name, customer_id

)

select
    cast(audience_name as varchar) as audience_name,
    cast(count(*) as bigint) as in_segment,
    cast(sum(may_be_contacted) as bigint) as may_be_contacted,
    cast(sum(has_address) as bigint) as has_address,
    cast(sum(has_consent) as bigint) as has_consent,
    cast(sum(is_reachable) as bigint) as is_reachable
from customers
group by audience_name
