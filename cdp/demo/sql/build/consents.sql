-- Consent per address, purpose, channel and class of messages: given once, sometimes withdrawn, sometimes given again.
create or replace table asked_for_consent as
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
            {kind: 'email', purpose: 'marketing', channel: 'email', class: 'marketing', share: 0.5},
            {kind: 'phone', purpose: 'marketing', channel: 'sms', class: 'marketing', share: 0.55},
            {kind: 'phone', purpose: 'marketing', channel: 'sms', class: 'triggered', share: 0.55},
            {kind: 'email', purpose: 'marketing', channel: 'ads', class: 'marketing', share: 0.45},
            {kind: 'email', purpose: 'service', channel: 'email', class: 'service', share: 0.95},
            {kind: 'phone', purpose: 'service', channel: 'sms', class: 'service', share: 0.9}
        ]) as question
    from people
)

select
    *,
    hash(person_id, question.purpose, question.channel)
    + if(question.class = 'triggered', 1, 0)::ubigint as choice_key,
    -- Who ticks the newsletter's box gets a letter first, with a link to confirm.
    question.purpose = 'marketing' and question.channel = 'email' as is_confirmed_by_link
from asked;

create or replace table choices as
with granted as (
    select
        *,
        if(
            happens(choice_key, 'consent_withdrawn'),
            greatest(moment(choice_key, 'withdrawn'), first_asked_at + interval 1 day),
            null
        ) as withdrawn_at
    from asked_for_consent
    where draw(choice_key, 'agrees') < question.share
)

select
    *,
    if(
        happens(choice_key, 'consent_regranted'),
        later(withdrawn_at, 86400, 5000000, choice_key, 'agrees again'),
        null
    ) as regranted_at,
    is_confirmed_by_link and draw(choice_key, 'by link') < 0.6 as unsubscribes_by_link
from granted;

create or replace macro consent_text(question, version, locale) as if(
    locale = 'ru-RU',
    format('Я согласен получать сообщения: {}, {}, {}.', question.purpose, question.class, question.channel)
    || if(version = 'v1', '', ' Согласие можно отозвать в любое время.'),
    format('I agree to get messages: {}, {}, {}.', question.purpose, question.class, question.channel)
    || if(version = 'v1', '', ' I can withdraw this at any time.')
);

create or replace view stage_consents as
with requests as (
    select * from choices where is_confirmed_by_link
    union all by name
    -- The first letter was never opened.
    select asked_for_consent.*
    from asked_for_consent
    anti join choices using (choice_key)
    where is_confirmed_by_link and happens(choice_key, 'consent_unconfirmed')
),

events as (
    select *, first_asked_at as occurred_at, 'requested' as action, if(has_account, 'sign-up', 'loyalty desk') as form
    from requests
    union all by name
    select
        *,
        if(is_confirmed_by_link, later(first_asked_at, 60, 3600, choice_key, 'confirmed'), first_asked_at) as occurred_at,
        if(is_confirmed_by_link, 'confirmed', 'granted') as action,
        case when is_confirmed_by_link then 'confirmation link' when has_account then 'sign-up' else 'loyalty desk' end
            as form
    from choices
    union all by name
    select
        *,
        withdrawn_at as occurred_at,
        'withdrawn' as action,
        if(unsubscribes_by_link, 'unsubscribe link', 'preference centre') as form
    from choices
    union all by name
    select *, regranted_at as occurred_at, 'granted' as action, 'preference centre' as form from choices
),

worded as (
    select
        *,
        if(action = 'withdrawn', null, if(occurred_at < timestamp '2017-06-01 00:00:00', 'v1', 'v2')) as text_version,
        if(action = 'withdrawn', null, if(phone[1:1] = '7', 'ru-RU', 'en-US')) as locale
    from events
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
    question.class as message_class,
    action,
    if(question.purpose = 'service', 'contract', 'consent') as lawful_basis,
    occurred_at,
    form,
    text_version,
    if(text_version is null, null, sha256(consent_text(question, text_version, locale))) as text_sha256,
    locale
from worded
where occurred_at < year_end();
