-- The CRM's contacts as a log of what sales did to them: added, edited, deleted outright.
create or replace table contacts as
select
    'C' || lpad(cast(scrambled(person_id * 10 + copy, 1000000000) as varchar), 9, '0') as contact_id,
    person_id,
    if(draw(person_id, 'contact is new') < 0.75,
        timestamp '2016-01-04 09:00:00' + to_seconds(pick(hash(person_id, copy), 'contact made', 31000000)),
        moment(hash(person_id, copy), 'contact made')) as created_at
from (
    select person_id, unnest(if(draw(person_id, 'entered twice') < 0.05, [1, 2], [1])) as copy
    from persons
    where (is_adult or is_head) and draw(person_id, 'contact') < 0.32
);

create or replace table contact_versions as
select contact_id, person_id, created_at as changed_at, 'upsert' as operation, false as is_edited from contacts
union all
select contact_id, person_id, moment(contact_id, 'edited'), 'upsert', true
from contacts
where draw(contact_id, 'edited') < 0.25 and created_at < first_day()
union all
select contact_id, person_id, moment(contact_id, 'deleted'), 'delete', false
from contacts
where created_at < first_day() and happens(contact_id, 'crm_deleted');

create or replace view stage_crm as
select
    delivery_day(changed_at) as delivered_on,
    '' as file,
    strftime(changed_at, '%Y%m%d%H%M%S') || contact_id || operation as position,
    operation,
    contact_id,
    if(draw(contact_id, 'family first') < 0.5,
        written_name(family.name, family.transliteration, script, contact_id)
        || ' ' || written_name(given.name, given.transliteration, script, contact_id),
        written_name(given.name, given.transliteration, script, contact_id)
        || ' ' || written_name(family.name, family.transliteration, script, contact_id)) as full_name,
    if(draw(contact_id, 'no e-mail') < 0.2, null,
        given_email(if(is_edited, email_at(email, new_email, email_changed_at, changed_at), email), contact_id)
    ) as email,
    if(draw(contact_id, 'no phone') < 0.15, null, given_phone(if(is_edited, other_phone, phone), contact_id)) as phone,
    if(draw(contact_id, 'no birth date') < 0.5, null, born_on) as birth_date,
    city.name as city,
    if(draw(contact_id, 'told card') < 0.4, first_cards.card_number, null) as loyalty_card,
    draw(contact_id, 'do not contact') < 0.02 as do_not_contact,
    changed_at as updated_at
from contact_versions
join persons using (person_id)
left join (select person_id, card_number from cards where slot = 1) as first_cards using (person_id)
where changed_at < year_end();
