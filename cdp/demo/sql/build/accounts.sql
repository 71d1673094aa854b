-- Shop accounts. Some people order as a guest first and sign up afterwards.
create or replace table accounts as
with first_orders as (
    select person_id, min(sold_at) as first_order_at from baskets where is_shop group by person_id
),

willing as (
    select
        persons.*,
        first_order_at,
        first_order_at is not null and happens(person_id, 'guest_then_account') as starts_as_guest
    from persons
    left join first_orders using (person_id)
    where is_adult and draw(person_id, 'account') < if(first_order_at is null, 0.3, 0.85)
)

select
    'A' || lpad(cast(scrambled(person_id, 1000000000) as varchar), 9, '0') as account_id,
    person_id,
    household_id,
    case
        when starts_as_guest then later(first_order_at, 600, 1200000, person_id, 'signed up after')
        when draw(person_id, 'account is new') < 0.8
            then timestamp '2014-01-01 12:00:00' + to_seconds(pick(person_id, 'signed up', 94000000))
        else moment(person_id, 'signed up')
    end as opened_at,
    draw(person_id, 'uses other e-mail') < 0.2 as uses_other_email
from willing;
