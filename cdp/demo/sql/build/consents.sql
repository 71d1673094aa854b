-- Consent per address, purpose and channel: given once, sometimes withdrawn, sometimes given again.
create or replace table choices as
with people as (
    select
        persons.person_id,
        coalesce(min(opened_at), min(registered_at)) as first_asked_at,
        any_value(account_id) is not null as has_account,
        any_value(if(coalesce(uses_other_email, false), persons.other_email, persons.email)) as email,
        any_value(persons.phone) as phone
    from persons
    left join cards using (person_id)
    left join accounts using (person_id)
    where card_number is not null or account_id is not null
    group by persons.person_id
),

asked as (
    select
        people.*,
        unnest([
            {kind: 'email', purpose: 'marketing', channel: 'email', share: 0.5},
            {kind: 'phone', purpose: 'marketing', channel: 'sms', share: 0.55},
            {kind: 'email', purpose: 'marketing', channel: 'ads', share: 0.45},
            {kind: 'email', purpose: 'service', channel: 'email', share: 0.95},
            {kind: 'phone', purpose: 'service', channel: 'sms', share: 0.9}
        ]) as question
    from people
),

keyed as (
    select *, hash(person_id, question.purpose, question.channel) as choice_key from asked
),

granted as (
    select
        *,
        if(
            happens(choice_key, 'consent_withdrawn'),
            greatest(moment(choice_key, 'withdrawn'), first_asked_at + interval 1 day),
            null
        ) as withdrawn_at
    from keyed
    where draw(choice_key, 'agrees') < question.share
)

select
    *,
    if(
        happens(choice_key, 'consent_regranted'),
        later(withdrawn_at, 86400, 5000000, choice_key, 'agrees again'),
        null
    ) as regranted_at,
    question.channel = 'email'
    and question.purpose = 'marketing'
    and draw(choice_key, 'by link') < 0.6 as unsubscribes_by_link
from granted;

create or replace view stage_consents as
with events as (
    select *, first_asked_at as occurred_at, 'granted' as action, if(has_account, 'sign-up', 'loyalty desk') as form
    from choices
    union all
    select *, withdrawn_at, 'withdrawn', if(unsubscribes_by_link, 'unsubscribe link', 'preference centre') from choices
    union all
    select *, regranted_at, 'granted', 'preference centre' from choices
)

select
    delivery_day(occurred_at) as delivered_on,
    day_file('consent/', occurred_at, '.ndjson') as file,
    strftime(occurred_at, '%Y%m%d%H%M%S') || choice_key as position,
    token('consent', hash(choice_key, action, occurred_at)) as event_id,
    question.kind as address_kind,
    if(question.kind = 'email', written_email(email, choice_key), written_phone(phone, choice_key)) as address,
    question.purpose as purpose,
    question.channel as channel,
    action,
    occurred_at,
    form,
    if(occurred_at < timestamp '2017-06-01 00:00:00', 'v1', 'v2') as text_version
from events
where occurred_at < year_end();
