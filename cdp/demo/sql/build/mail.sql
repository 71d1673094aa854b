-- The e-mail service's report: a newsletter every Tuesday to those who agreed, and the real campaigns to the heads.
create or replace table mailings as
with subscribers as (
    select * from choices where question.channel = 'email' and question.purpose = 'marketing'
),

newsletters as (
    select
        person_id,
        email,
        strftime(week, 'newsletter-%G-%V') as campaign,
        later(week, 32400, 1800, hash(person_id, week), 'queue') as sent_at
    from subscribers
    cross join (select unnest(generate_series(timestamp '2017-01-03', timestamp '2017-12-26', interval 7 day)) as week)
    where first_asked_at < week
        and not coalesce(week >= withdrawn_at and week < coalesce(regranted_at, year_end()), false)
),

campaigns as (
    select person_id, email, 'campaign-' || campaign_id as campaign, sent_at
    from campaign_sends
    join persons using (person_id)
    where sent_at >= first_day()
)

select *, hash(campaign, person_id) as mail_key, token('mail', mail_key) as message_id
from (select * from newsletters union all select * from campaigns);

create or replace view stage_esp as
with fates as (
    select
        *,
        case
            when draw(person_id, 'dead mailbox') < 0.01 then 'hard'
            when draw(mail_key, 'full mailbox') < 0.006 then 'soft'
        end as bounce,
        draw(mail_key, 'opens') < 0.6 * draw(person_id, 'reads mail') as opens,
        draw(mail_key, 'clicks') < 0.18 as clicks,
        later(sent_at, 300, 150000, mail_key, 'opened after') as opened_at
    from mailings
),

events as (
    select *, if(bounce is null, 'delivered', 'bounce') as event, sent_at + interval 5 second as occurred_at from fates
    union all
    select *, 'open', opened_at from fates where bounce is null and opens
    union all
    select *, 'click', opened_at + interval 40 second from fates where bounce is null and opens and clicks
    union all
    select *, 'spam_report', opened_at + interval 90 second
    from fates where bounce is null and opens and draw(mail_key, 'complains') < 0.001
    union all
    select fates.*, 'unsubscribe', choices.withdrawn_at
    from choices
    join fates
        on fates.person_id = choices.person_id
        and fates.sent_at < withdrawn_at
        and fates.sent_at >= withdrawn_at - interval 7 day
        and starts_with(campaign, 'newsletter')
    where unsubscribes_by_link and bounce is null
)

select
    delivery_day(occurred_at) as delivered_on,
    day_file('esp/', occurred_at, '.ndjson') as file,
    ordered(occurred_at, hash(mail_key, event), 0) as position,
    token('mail event', hash(mail_key, event)) as event_id,
    event,
    email,
    message_id,
    campaign,
    occurred_at,
    if(event = 'click', 'https://shop.example/' || campaign, null) as url,
    if(event = 'bounce', bounce, null) as reason
from events
where occurred_at < year_end();
