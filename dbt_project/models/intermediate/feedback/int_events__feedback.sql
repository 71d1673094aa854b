{{ config(materialized='view') }}

-- The words of the timeline, which an ESP's files use too.
select
    'feedback:' || feedback_event_id as event_id,
    case when channel = 'email' then 'email:' || email else 'phone:' || phone end as record_key,
    channel || '_' || case kind
        when 'opened' then 'open'
        when 'clicked' then 'click'
        when 'bounced' then 'bounce'
        when 'complained' then 'spam_report'
        when 'unsubscribed' then 'unsubscribe'
        when 'replied' then 'reply'
        else kind
    end as event_type,
    occurred_at,
    cast(null as bigint) as value_cents,
    cast(null as varchar) as currency,
    channel,
    campaign as subject,
    'raw_feedback.events' as source_table,
    _arrival
from {{ ref('stg_feedback__events') }}
where kind <> 'unreadable' and channel in ('email', 'sms')
