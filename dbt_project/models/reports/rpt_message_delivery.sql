with messages as (

    select
        *,
        coalesce(case when address_kind = 'email' then split_part(address, '@', 2) end, 'none') as recipient_domain,
        date_trunc('hour', sent_at) as sent_hour
    from {{ ref('fct_messages') }}

),

counted as (

    select
        destination_name,
        coalesce(channel, 'unknown') as channel,
        recipient_domain,
        sent_hour,
        count(*) as messages_count,
        count(delivered_at) as delivered_count,
        count(first_opened_at) as opened_count,
        sum(opens_count) as opens_count,
        count(first_clicked_at) as clicked_count,
        sum(clicks_count) as clicks_count,
        count(bounced_at) as bounced_count,
        sum(case when bounce_type = 'hard' then 1 else 0 end) as hard_bounced_count,
        count(complained_at) as complained_count,
        count(unsubscribed_at) as unsubscribed_count,
        count(failed_at) as failed_count
    from messages
    group by destination_name, coalesce(channel, 'unknown'), recipient_domain, sent_hour

)

select
    cast(destination_name as varchar) as destination_name,
    cast(channel as varchar) as channel,
    cast(recipient_domain as varchar) as recipient_domain,
    cast(sent_hour as timestamp) as sent_hour,
    cast(messages_count as bigint) as messages_count,
    cast(delivered_count as bigint) as delivered_count,
    cast(opened_count as bigint) as opened_count,
    cast(opens_count as bigint) as opens_count,
    cast(clicked_count as bigint) as clicked_count,
    cast(clicks_count as bigint) as clicks_count,
    cast(bounced_count as bigint) as bounced_count,
    cast(hard_bounced_count as bigint) as hard_bounced_count,
    cast(complained_count as bigint) as complained_count,
    cast(unsubscribed_count as bigint) as unsubscribed_count,
    cast(failed_count as bigint) as failed_count,
    cast(1.0 * bounced_count / messages_count as double precision) as bounce_share,
    cast(case when delivered_count > 0 then 1.0 * complained_count / delivered_count end as double precision) as complaint_share
from counted
