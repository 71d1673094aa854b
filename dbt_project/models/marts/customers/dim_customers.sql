{%- set attributes = survivorship() %}

with members as (

    select
        customer_id,
        count(*) as records_count
    from {{ ref('int_identity__records') }}
    group by customer_id

),

surviving as (

    select
        customer_id
        {%- for attribute in attributes %},
        max(case when attribute = '{{ attribute }}' then attribute_value end) as {{ attribute }},
        max(case when attribute = '{{ attribute }}' then source_name end) as {{ attribute }}_source
        {%- endfor %}
    from {{ ref('int_profiles__attribute_values') }}
    where is_surviving
    group by customer_id

),

addresses as (

    select
        customer_id,
        max(case when address_kind = 'email' and recency = 1 then address end) as email,
        max(case when address_kind = 'phone' and recency = 1 then address end) as phone,
        sum(case when address_kind = 'email' then 1 else 0 end) as emails_count,
        sum(case when address_kind = 'phone' then 1 else 0 end) as phones_count
    from {{ ref('int_profiles__addresses') }}
    group by customer_id

),

zones as (

    select
        {{ fold_case('city') }} as city,
        min(time_zone) as time_zone
    from {{ ref('city_time_zones') }}
    group by {{ fold_case('city') }}

)

select
    cast(members.customer_id as bigint) as customer_id,
    {%- for attribute, settings in attributes.items() %}
    cast(surviving.{{ attribute }} as {{ settings.type }}) as {{ attribute }},
    cast(surviving.{{ attribute }}_source as varchar) as {{ attribute }}_source,
    {%- endfor %}
    cast(addresses.email as varchar) as email,
    cast(addresses.phone as varchar) as phone,
    cast(coalesce(addresses.emails_count, 0) as bigint) as emails_count,
    cast(coalesce(addresses.phones_count, 0) as bigint) as phones_count,
    cast(coalesce(zones.time_zone, '{{ var('default_time_zone') }}') as varchar) as time_zone,
    cast(members.records_count as bigint) as records_count,
    do_not_contact.customer_id is not null as is_do_not_contact
from members
left join surviving on members.customer_id = surviving.customer_id
left join addresses on members.customer_id = addresses.customer_id
left join zones on {{ fold_case('trim(surviving.city)') }} = zones.city
left join {{ ref('int_consent__do_not_contact') }} as do_not_contact on members.customer_id = do_not_contact.customer_id
