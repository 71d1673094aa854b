-- Every basket of the chunk's households, and the person who really paid.
create or replace table buyers as
select household_id, list(person_id order by position) as adults
from persons
where is_adult or is_head
group by household_id;

create or replace table baskets as
with keyed as (
    select
        real_baskets.* exclude (household_id),
        households.household_id,
        if(getvariable('is_resampled'), basket_id * 10000000 + households.household_id, basket_id) as basket_key
    from real_baskets
    join households on households.source_household_id = real_baskets.household_id
)

select keyed.*, skewed_one_of(adults, basket_key, 'buyer') as person_id
from keyed
join buyers using (household_id)
where draw(basket_key, 'kept') < getvariable('basket_share');

create or replace table lines as
select baskets.basket_key, baskets.is_shop, real_lines.*
from baskets
join real_lines using (basket_id);
