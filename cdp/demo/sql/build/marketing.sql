-- Real campaigns and coupons, keyed by household, are attributed to the first card of its head.
create or replace table head_cards as
select household_id, source_household_id, card_number, person_id
from cards
join households using (household_id)
where is_head and slot = 1;

create or replace table campaign_sends as
select
    campaign_id,
    person_id,
    card_number,
    later(start_date, 32400, 7200, hash(campaign_id, head_cards.household_id), 'sent') as sent_at
from read_parquet(getvariable('real_rows') || '/campaigns.parquet') as sends
join read_parquet(getvariable('real_rows') || '/campaign_descriptions.parquet') using (campaign_id)
join head_cards on head_cards.source_household_id = sends.household_id;

create or replace view stage_campaign_sends as
select
    delivery_day(sent_at) as delivered_on,
    compact_day_file('marketing/campaign_sends_', sent_at, '.parquet') as file,
    concat_ws(':', campaign_id, card_number) as position,
    campaign_id,
    card_number,
    sent_at
from campaign_sends;

create or replace view stage_coupon_redemptions as
select
    delivery_day(redemption_date) as delivered_on,
    compact_day_file('marketing/coupon_redemptions_', redemption_date, '.parquet') as file,
    concat_ws(
        ':',
        card_number,
        coupon_upc,
        row_number() over (partition by card_number, coupon_upc, redemption_date order by campaign_id)
    ) as position,
    card_number,
    cast(coupon_upc as varchar) as coupon_upc,
    campaign_id,
    cast(redemption_date as date) as redeemed_on
from read_parquet(getvariable('real_rows') || '/coupon_redemptions.parquet') as redemptions
join head_cards on head_cards.source_household_id = redemptions.household_id;
