with addresses as (

    select
        addresses.address_kind || ':' || addresses.address as record_key,
        min(addresses.customer_id) as customer_id,
        count(*) as owners
    from {{ ref('int_profiles__addresses') }} as addresses
    group by addresses.address_kind || ':' || addresses.address

),

owners as (

    select
        record_key,
        customer_id
    from {{ ref('int_identity__records') }}
    union all
    select
        record_key,
        customer_id
    from addresses
    where owners = 1

)

select
    record_key,
    customer_id
from owners
