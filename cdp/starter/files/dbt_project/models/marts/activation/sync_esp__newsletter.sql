with subscribers as (

    select
        members.address as email,
        members.customer_id,
        row_number() over (partition by members.address order by members.customer_id) as standing
    from {{ ref('audience_members') }} as members
    where members.audience_name = 'newsletter'

)

select
    cast(subscribers.email as varchar) as email,
    cast(subscribers.customer_id as bigint) as customer_id,
    cast(customers.first_name as varchar) as first_name,
    cast(customers.city as varchar) as city
from subscribers
inner join {{ ref('dim_customers') }} as customers on subscribers.customer_id = customers.customer_id
where subscribers.standing = 1
