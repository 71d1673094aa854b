-- Visits to the site and the app: around every order, a cart left behind before some of them, and browsing.
create or replace table order_sessions as
select
    basket_key as session_key,
    'order' as kind,
    orders.person_id,
    ordered_at as ends_at,
    device,
    anonymous_id,
    device_id,
    client_id,
    orders.account_id,
    basket_key,
    order_id,
    total,
    orders.email,
    orders.phone,
    customer_name,
    if(account_id is null, draw(basket_key, 'guest tells') < 0.4, draw(basket_key, 'signs in') < 0.9) as identifies,
    1 + pick(basket_key, 'pages', 2) as pages,
    least(line_count, 1 + pick(basket_key, 'views', 4)) as views,
    least(line_count, 1 + pick(basket_key, 'adds', 4)) as adds,
    true as checks_out
from orders;

-- A cart left behind before a real order: the same cart, hours or days earlier, perhaps on another device.
create or replace table recovered_sessions as
select
    -basket_key as session_key,
    'recovered' as kind,
    person_id,
    ordered_at - to_seconds(7200 + pick(basket_key, 'left before', 200000)) as ends_at,
    if(draw(basket_key, 'other device') < 0.4, one_of(devices, basket_key, 'first device'), device) as device,
    basket_key
from orders
join device_choices using (person_id)
where draw(basket_key, 'recovered') < 0.12 and ordered_at > first_day() + interval 4 day;

-- So many visits without an order that a person has `events_per_customer` web events on average. A cart left behind has
-- about 6.6 events, another visit about 5.
set variable browsing_sessions = (
    select
        greatest(
            0,
            getvariable('events_per_customer') * (select count(*) from persons)
            - coalesce(sum(1 + pages + views + adds + identifies::int + 1), 0)
            - 6.6 * (select count(*) from recovered_sessions)
        ) / 5.0 / (select count(*) from device_choices where draw(person_id, 'browses') < 0.8)
    from order_sessions
);

create or replace table browse_sessions as
with visits as (
    select
        person_id,
        unnest(range(cast(floor(
            -ln(1 - draw(person_id, 'browsing habit')) * getvariable('browsing_sessions') + draw(person_id, 'rounding')
        ) as bigint))) as visit
    from device_choices
    where draw(person_id, 'browses') < 0.8
)

select
    person_id * 100000 + visit as session_key,
    if(draw(session_key, 'leaves a cart') < 0.2, 'abandoned', 'browse') as kind,
    visits.person_id,
    moment(session_key, 'visit') as ends_at,
    one_of(devices, session_key, 'device') as device
from visits
join device_choices using (person_id);

create or replace table sessions as
with unordered as (
    select * from browse_sessions
    union all by name
    select * from recovered_sessions
),

signed as (
    select
        unordered.*,
        browsers.anonymous_id,
        browsers.device_id,
        browsers.client_id,
        if(opened_at <= ends_at and draw(session_key, 'is signed in') < 0.35, account_id, null) as account_id,
        if(uses_other_email, other_email, email_at(email, new_email, email_changed_at, ends_at)) as account_email,
        persons.phone as account_phone,
        given.name || ' ' || family.name as account_name
    from unordered
    join browsers
        on browsers.person_id = unordered.person_id
        and browsers.device = unordered.device
        and browsers.epoch = cookie_epoch(unordered.person_id, unordered.device, unordered.ends_at)
    join persons on persons.person_id = unordered.person_id
    left join accounts on accounts.person_id = unordered.person_id
)

select * from order_sessions
union all by name
select
    session_key,
    kind,
    person_id,
    ends_at,
    device,
    anonymous_id,
    device_id,
    client_id,
    account_id,
    basket_key,
    if(account_id is null, null, account_email) as email,
    if(account_id is null, null, written_phone(account_phone, account_id)) as phone,
    if(account_id is null, null, account_name) as customer_name,
    account_id is not null as identifies,
    1 + pick(session_key, 'pages', 2) as pages,
    1 + pick(session_key, 'views', 4) as views,
    if(kind = 'browse', 0, 1 + pick(session_key, 'adds', 3)) as adds,
    kind <> 'browse' and draw(session_key, 'checks out') < 0.4 as checks_out
from signed;
