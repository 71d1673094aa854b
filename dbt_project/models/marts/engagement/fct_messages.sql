{%- set columns = {
    'message_id': 'varchar', 'destination_name': 'varchar', 'channel': 'varchar', 'campaign': 'varchar', 'address_kind': 'varchar',
    'address': 'varchar', 'event_type': 'varchar', 'detail': 'varchar', 'occurred_at': 'timestamp',
} -%}

with events as (

    {{ union_contributions('message_sources', 'int_messages__%_events', columns) }}

),

messages as (

    select
        message_id,
        min(destination_name) as destination_name,
        min(channel) as channel,
        coalesce(min(case when event_type = 'sent' then campaign end), min(campaign)) as campaign,
        min(address_kind) as address_kind,
        min(address) as address,
        coalesce(min(case when event_type = 'sent' then occurred_at end), min(occurred_at)) as sent_at,
        min(case when event_type = 'delivered' then occurred_at end) as delivered_at,
        min(case when event_type = 'opened' then occurred_at end) as first_opened_at,
        min(case when event_type = 'clicked' then occurred_at end) as first_clicked_at,
        min(case when event_type = 'bounced' then occurred_at end) as bounced_at,
        min(case when event_type = 'bounced' then detail end) as bounce_type,
        min(case when event_type = 'complained' then occurred_at end) as complained_at,
        min(case when event_type = 'unsubscribed' then occurred_at end) as unsubscribed_at,
        min(case when event_type = 'failed' then occurred_at end) as failed_at,
        min(case when event_type = 'failed' then detail end) as failure_code,
        sum(case when event_type = 'opened' then 1 else 0 end) as opens_count,
        sum(case when event_type = 'clicked' then 1 else 0 end) as clicks_count
    from events
    group by message_id

)

select
    cast(messages.message_id as varchar) as message_id,
    cast(owners.customer_id as bigint) as customer_id,
    cast(messages.destination_name as varchar) as destination_name,
    cast(messages.channel as varchar) as channel,
    cast(messages.campaign as varchar) as campaign,
    cast(messages.address_kind as varchar) as address_kind,
    cast(messages.address as varchar) as address,
    messages.sent_at,
    messages.delivered_at,
    messages.first_opened_at,
    messages.first_clicked_at,
    messages.bounced_at,
    cast(messages.bounce_type as varchar) as bounce_type,
    messages.complained_at,
    messages.unsubscribed_at,
    messages.failed_at,
    cast(messages.failure_code as varchar) as failure_code,
    cast(messages.opens_count as bigint) as opens_count,
    cast(messages.clicks_count as bigint) as clicks_count
from messages
left join {{ ref('int_events__owners') }} as owners on messages.address_kind || ':' || messages.address = owners.record_key
