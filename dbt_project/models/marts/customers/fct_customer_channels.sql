{%- set year_ago = add_days(as_of(), -365) -%}
{%- set quarter_ago = add_days(as_of(), -90) -%}

with events as (

    select
        customer_id,
        event_type,
        occurred_at,
        coalesce(channel, 'unknown') as channel,
        occurred_at >= {{ quarter_ago }} as is_90d,
        occurred_at >= {{ year_ago }} as is_365d
    from {{ ref('fct_customer_events') }}
    where customer_id is not null and occurred_at <= {{ as_of() }}

),

judged as (

    select
        events.*,
        event_type = channel || '_delivered' as is_delivery,
        event_type = channel || '_open' as is_open,
        event_type = channel || '_click' as is_click,
        event_type in ('campaign_sent', channel || '_delivered', channel || '_bounce') or event_type like 'consent%' as is_no_act
    from events

)

select
    cast(customer_id as bigint) as customer_id,
    cast(channel as varchar) as channel,
    max(occurred_at) as last_seen_at,
    cast(sum(case when is_90d and not is_no_act then 1 else 0 end) as bigint) as actions_count_90d,
    cast(sum(case when is_365d and is_delivery then 1 else 0 end) as bigint) as deliveries_count_365d,
    cast(sum(case when is_365d and is_click then 1 else 0 end) as bigint) as clicks_count_365d,
    cast(sum(case when is_90d and is_open then 1 else 0 end) as bigint) as opens_count_90d,
    cast(sum(case when is_90d and is_click then 1 else 0 end) as bigint) as clicks_count_90d,
    cast(sum(case when event_type = 'order_placed' then 1 else 0 end) as bigint) as orders_count,
    max(case when event_type = 'order_placed' then occurred_at end) as last_order_at,
    cast(sum(case when is_365d and event_type = 'ticket_created' then 1 else 0 end) as bigint) as tickets_count_365d
from judged
group by customer_id, channel
