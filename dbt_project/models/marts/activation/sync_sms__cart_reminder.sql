with recipients as (

    select
        members.address as phone,
        members.customer_id,
        row_number() over (partition by members.address order by members.customer_id) as standing
    from {{ ref('audience_members') }} as members
    where members.audience_name = 'cart_reminder_sms'

)

select
    cast(recipients.phone as varchar) as phone,
    cast(recipients.customer_id as bigint) as customer_id,
    cast(customers.first_name as varchar) as first_name,
    cast(traits.abandoned_cart_value_cents as bigint) as cart_value_cents,
    traits.abandoned_cart_at as cart_abandoned_at
from recipients
inner join {{ ref('dim_customers') }} as customers on recipients.customer_id = customers.customer_id
inner join {{ ref('dim_customer_traits') }} as traits on recipients.customer_id = traits.customer_id
where recipients.standing = 1
