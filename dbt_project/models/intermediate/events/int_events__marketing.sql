{{ config(materialized='view') }}

select
    'marketing:send:' || cast(campaign_id as varchar) || ':' || card_number as event_id,
    'loyalty:card:' || card_number as record_key,
    'campaign_sent' as event_type,
    sent_at as occurred_at,
    cast(null as bigint) as value_cents,
    cast(null as varchar) as currency,
    cast(null as varchar) as channel,
    cast(campaign_id as varchar) as subject,
    'raw_marketing.campaign_sends' as source_table,
    _arrival
from {{ ref('stg_marketing__campaign_sends') }}
union all
select
    'marketing:redemption:' || cast(_arrival as varchar) as event_id,
    'loyalty:card:' || card_number as record_key,
    'coupon_redeemed' as event_type,
    cast(redeemed_on as timestamp) as occurred_at,
    cast(null as bigint) as value_cents,
    cast(null as varchar) as currency,
    cast(null as varchar) as channel,
    coupon_upc as subject,
    'raw_marketing.coupon_redemptions' as source_table,
    _arrival
from {{ ref('stg_marketing__coupon_redemptions') }}
