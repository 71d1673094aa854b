with channels as (

    {%- for channel, address_kinds in var('consent')['channels'].items() %}
    {%- set is_last = loop.last %}
    {%- for address_kind in address_kinds %}
    select
        '{{ channel }}' as channel,
        '{{ address_kind }}' as address_kind
    {%- if not (is_last and loop.last) %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}

),

asked as (

    select distinct
        channels.channel,
        channels.address_kind,
        consents.purpose,
        consents.message_class
    from channels
    inner join {{ ref('fct_consents') }} as consents on channels.channel = consents.channel

),

addresses as (

    select
        asked.channel,
        asked.purpose,
        asked.message_class,
        addresses.customer_id,
        case when consents.is_granted then 1 else 0 end as is_granted,
        case when consents.address is null then 1 else 0 end as is_unknown,
        case
            when consents.is_granted and suppressions.address is null and never.address is null and not customers.is_do_not_contact
                then 1
            else 0
        end as is_reachable
    from asked
    inner join {{ ref('int_profiles__addresses') }} as addresses on asked.address_kind = addresses.address_kind
    inner join {{ ref('dim_customers') }} as customers on addresses.customer_id = customers.customer_id
    left join {{ ref('fct_consents') }} as consents
        on
            addresses.address_kind = consents.address_kind
            and addresses.address = consents.address
            and asked.channel = consents.channel
            and asked.purpose = consents.purpose
            and asked.message_class = consents.message_class
    left join {{ ref('int_consent__suppressions') }} as suppressions
        on addresses.address_kind = suppressions.address_kind and addresses.address = suppressions.address
    left join {{ ref('int_consent__do_not_contact_addresses') }} as never
        on addresses.address_kind = never.address_kind and addresses.address = never.address

),

customers as (

    select
        channel,
        purpose,
        message_class,
        customer_id,
        max(is_granted) as has_granted,
        min(is_unknown) as is_unknown,
        max(is_reachable) as is_reachable
    from addresses
    group by channel, purpose, message_class, customer_id

)

select
    cast(channel as varchar) as channel,
    cast(purpose as varchar) as purpose,
    cast(message_class as varchar) as message_class,
    cast((select count(*) from {{ ref('dim_customers') }}) as bigint) as customers_count,
    cast(count(*) as bigint) as with_address_count,
    cast(sum(has_granted) as bigint) as granted_count,
    cast(sum(1 - has_granted) - sum(is_unknown) as bigint) as refused_count,
    cast(sum(is_unknown) as bigint) as unknown_count,
    cast(sum(is_reachable) as bigint) as reachable_count
from customers
group by channel, purpose, message_class
