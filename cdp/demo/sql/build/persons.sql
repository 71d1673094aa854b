-- One row per person: who there really is. Every later table only tells a part of it, in its own spelling.
create or replace macro mail_domain(key, salt) as one_of(getvariable('mail_domains'), key, salt);

create or replace table persons as
with placed as (
    select *, unnest(generate_series(1, size)) as position from households
),

described as (
    select
        household_id * 10 + position as person_id,
        placed.*,
        case
            when position = 1 then head_gender
            when position = 2 and is_couple and adults > 1 then if(head_gender = 'f', 'm', 'f')
            else one_of(['f', 'm'], household_id * 10 + position, 'gender')
        end as gender,
        case
            when position = 1 then head_age
            when position = 2 and adults > 1 then greatest(18, head_age - 4 + pick(household_id, 'partner age', 9))
            else 4 + pick(household_id * 10 + position, 'child age', 20)
        end as age_years
    from placed
),

named as (
    select
        described.*,
        skewed_one_of(given_names.options, person_id, 'given') as given,
        skewed_one_of(family_names.options, household_id, 'family') as family
    from described
    join given_names using (script, gender)
    join family_names using (script, gender)
),

spelled_out as (
    select
        *,
        spelled(if(script = 'latin', given.name, given.transliteration)) as given_latin,
        spelled(if(script = 'latin', family.name, family.transliteration)) as family_latin
    from named
)

select
    person_id,
    household_id,
    position,
    position = 1 as is_head,
    age_years >= 16 as is_adult,
    script,
    gender,
    given,
    family,
    cast(first_day() - to_years(cast(age_years as integer)) as date)
    - 1 - cast(pick(person_id, 'birthday', 365) as integer) as born_on,
    city,
    city.prefix || right(lpad(cast(postcode_end as varchar), 3, '0'), if(script = 'cyrillic', 3, 2)) as postcode,
    has_shared_tablet,
    has_shared_email,
    case pick(person_id, 'e-mail form', 3)
        when 0 then given_latin || '.' || family_latin
        when 1 then family_latin || '.' || given_latin
        else given_latin[1:1] || '_' || family_latin
    end || person_id || '@' || mail_domain(person_id, 'domain') as email,
    family_latin || scrambled(person_id, 1000000007) || '@' || mail_domain(person_id, 'other domain') as other_email,
    given_latin || '-' || scrambled(person_id, 1000000007) || '@' || mail_domain(person_id, 'new domain') as new_email,
    if(happens_unseen(person_id, 'email_changed'), moment(person_id, 'e-mail changed'), year_end()) as email_changed_at,
    phone_digits(person_id, household_id, position, script) as phone,
    russian_mobile(person_id * 2 + 1) as other_phone
from spelled_out;

-- Which of a person's own addresses is in use at a moment.
create or replace macro email_at(email, new_email, email_changed_at, instant) as
    if(instant < email_changed_at, email, new_email);
