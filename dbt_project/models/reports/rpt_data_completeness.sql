with known as (

    select
        attribute,
        count(*) as known_count
    from {{ ref('int_profiles__attribute_values') }}
    where is_surviving
    group by attribute
    union all
    select
        address_kind as attribute,
        count(distinct customer_id) as known_count
    from {{ ref('int_profiles__addresses') }}
    group by address_kind

)

select
    cast(known.attribute as varchar) as attribute,
    cast(known.known_count as bigint) as known_count,
    cast((select count(*) from {{ ref('dim_customers') }}) as bigint) as customers_count
from known
