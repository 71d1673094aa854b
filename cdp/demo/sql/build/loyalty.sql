-- The loyalty desk: a member's versions, and what the panel knows of surveyed households.
create or replace table members as
with changes as (
    select *, registered_at as updated_at, 1 as version from cards
    union all
    select cards.*, later(email_changed_at, 0, 900000, person_id, 'told the desk'), 2
    from cards
    join persons using (person_id)
    where email_changed_at < year_end() and draw(person_id, 'tells the desk') < 0.6 and registered_at < email_changed_at
    union all
    select *, moment(card_number, 'new phone'), 3
    from cards
    where draw(card_number, 'new phone') < 0.05 and registered_at < first_day()
)

select
    changes.card_number,
    changes.person_id,
    changes.household_id,
    changes.version,
    written_name(persons.given.name, persons.given.transliteration, persons.script, card_number) as first_name,
    written_name(persons.family.name, persons.family.transliteration, persons.script, card_number) as last_name,
    case
        when draw(card_number, 'no phone') < 0.08 then null
        when happens(card_number, 'cashier_phone') then cashiers_own_phone(card_number)
        when version = 3 then given_phone(persons.other_phone, card_number)
        when not persons.is_head and draw(card_number, 'head''s phone') < 0.1 then given_phone(heads.phone, card_number)
        else given_phone(persons.phone, card_number)
    end as phone,
    case
        when persons.has_shared_email then written_email(heads.email, card_number)
        when draw(card_number, 'no e-mail') < 0.2 then null
        else given_email(email_at(persons.email, persons.new_email, persons.email_changed_at, updated_at), card_number)
    end as email,
    if(draw(card_number, 'no birth date') < 0.15, null, persons.born_on) as birth_date,
    if(draw(card_number, 'no gender') < 0.1, '', persons.gender) as gender,
    if(persons.script = 'cyrillic' and happens(card_number, 'name_transliterated'),
        persons.city.transliteration, persons.city.name) as city,
    persons.postcode,
    registered_at,
    updated_at
from changes
join persons using (person_id)
join persons as heads on heads.household_id = persons.household_id and heads.is_head
where updated_at < year_end();

create or replace view stage_loyalty as
select
    delivery_day(updated_at) as delivered_on,
    compact_day_file('loyalty/members_', updated_at, '.csv') as file,
    card_number || ':' || version as position,
    members.* exclude (person_id, household_id, version)
from members;

create or replace view stage_demographics as
select
    first_day() as delivered_on,
    'loyalty/demographics_20170101.parquet' as file,
    card_number as position,
    card_number,
    age as age_band,
    income as income_band,
    home_ownership,
    marital_status,
    household_size,
    household_comp as household_composition,
    kids_count
from households
join cards using (household_id)
where is_head and slot = 1 and age is not null;
