{{ config(materialized='view') }}

select
    'esp:' || message_id as message_id,
    'esp' as destination_name,
    'email' as channel,
    campaign,
    'email' as address_kind,
    email as address,
    case event
        when 'open' then 'opened'
        when 'click' then 'clicked'
        when 'bounce' then 'bounced'
        when 'spam_report' then 'complained'
        when 'unsubscribe' then 'unsubscribed'
        else event
    end as event_type,
    reason as detail,
    occurred_at
from {{ ref('stg_esp__events') }}
