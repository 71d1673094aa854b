-- Support tickets: half about an order, half about anything; each opened once and most of them solved later.
create or replace table tickets as
select
    'T' || key as ticket_id,
    tickets.person_id,
    order_id,
    created_at,
    if(draw(key, 'solved') < 0.9, later(created_at, 3600, 500000, key, 'solved after'), null) as solved_at,
    one_of(['email', 'chat', 'phone'], key, 'ticket channel') as channel,
    if(draw(key, 'rated') < 0.4, one_of([1, 2, 3, 4, 5, 5, 5], key, 'rating'), null) as satisfaction,
    written_name(given.name, given.transliteration, script, key)
    || ' ' || written_name(family.name, family.transliteration, script, key) as name,
    given_email(email_at(email, new_email, email_changed_at, created_at), key) as email,
    given_phone(phone, key) as phone
from (
    select
        '1' || order_id as key,
        person_id,
        order_id,
        later(ordered_at, 7200, 300000, order_id, 'asked after') as created_at
    from orders
    where draw(order_id, 'asks') < 0.02
    union all
    select '2' || person_id, person_id, null, moment(person_id, 'asks')
    from persons
    where is_adult and draw(person_id, 'asks') < 0.12
) as tickets
join persons using (person_id)
where created_at < year_end();

create or replace view stage_support as
with versions as (
    select *, created_at as updated_at, 'open' as status from tickets
    union all
    select *, solved_at, 'solved' from tickets where solved_at < year_end()
)

select
    delivery_day(updated_at) as delivered_on,
    day_file('support/', updated_at, '.json') as file,
    ticket_id || ':' || status as position,
    ticket_id,
    {
        name: name,
        email: if(channel = 'phone', null, email),
        phone: if(channel = 'phone' or draw(ticket_id, 'tells phone') < 0.3, phone, null)
    } as requester,
    if(
        order_id is null,
        one_of(['Loyalty points', 'My account', 'Opening hours', 'Unsubscribe me'], ticket_id, 'subject'),
        one_of(['Where is my order', 'Missing item', 'Refund', 'Wrong item'], ticket_id, 'subject')
    ) as subject,
    channel,
    status,
    if(status = 'solved', satisfaction, null) as satisfaction,
    order_id,
    created_at,
    updated_at
from versions;
