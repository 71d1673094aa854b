select
    cast(members.customer_id as bigint) as customer_id,
    cast(max(case when members.address_kind = 'email' then dialects.meta_sha256 end) as varchar) as email_meta_sha256,
    cast(max(case when members.address_kind = 'phone' then dialects.meta_sha256 end) as varchar) as phone_meta_sha256
from {{ ref('audience_members') }} as members
inner join {{ ref('dim_address_hashes') }} as dialects
    on members.address_kind = dialects.address_kind and members.address = dialects.address
where members.audience_name = 'champions_ads' and dialects.meta_sha256 is not null
group by members.customer_id
