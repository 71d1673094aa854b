select
    cast(customer_id as bigint) as customer_id,
    cast(max(case when address_kind = 'email' then {{ sha256_hex('address') }} end) as varchar) as email_sha256,
    cast(max(case when address_kind = 'phone' then {{ sha256_hex('address') }} end) as varchar) as phone_sha256
from {{ ref('audience_members') }}
where audience_name = 'champions_ads'
group by customer_id
