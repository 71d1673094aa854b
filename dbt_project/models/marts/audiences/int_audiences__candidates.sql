with segment_customers as (

    select
        definitions.audience_name,
        definitions.channel,
        definitions.purpose,
        definitions.message_class,
        members.customer_id
    from {{ ref('int_audiences__definitions') }} as definitions
    inner join {{ ref('segment_members') }} as members on definitions.segment_name = members.segment_name

)

select
    segment_customers.audience_name,
    segment_customers.channel,
    segment_customers.customer_id,
    addresses.address_kind,
    addresses.address,
    addresses.recency,
    addresses.address is not null as has_address,
    coalesce(consents.is_granted, false) as is_consented,
    suppressions.address is not null as is_suppressed,
    coalesce(customers.is_do_not_contact, true) or never.address is not null as is_do_not_contact
from segment_customers
left join {{ ref('dim_customers') }} as customers on segment_customers.customer_id = customers.customer_id
left join {{ ref('int_profiles__addresses') }} as addresses
    on
        segment_customers.customer_id = addresses.customer_id
        and (
            {%- for channel, address_kinds in var('consent')['channels'].items() %}
            {{ 'or ' if not loop.first }}(segment_customers.channel = '{{ channel }}' and addresses.address_kind in ('{{ address_kinds | join("', '") }}'))
            {%- endfor %}
        )
left join {{ ref('fct_consents') }} as consents
    on
        addresses.address_kind = consents.address_kind
        and addresses.address = consents.address
        and segment_customers.channel = consents.channel
        and segment_customers.purpose = consents.purpose
        and segment_customers.message_class = consents.message_class
left join {{ ref('int_consent__suppressions') }} as suppressions
    on addresses.address_kind = suppressions.address_kind and addresses.address = suppressions.address
left join {{ ref('int_consent__do_not_contact_addresses') }} as never
    on addresses.address_kind = never.address_kind and addresses.address = never.address
