-- The real year, once per world: typed exactly, with the rules by which a basket belongs to the shop or to a till.
create or replace table taking_part as
select distinct household_id
from read_parquet(getvariable('real_rows') || '/transactions.parquet')
order by household_id
limit getvariable('households');

create or replace table real_lines as
select
    basket_id,
    row_number() over (partition by basket_id order by product_id) as line_no,
    household_id,
    store_id,
    transaction_timestamp as sold_at,
    product_id,
    quantity,
    cast(sales_value as decimal(18, 2)) as amount,
    cast(retail_disc as decimal(18, 2)) as discount,
    cast(coupon_disc as decimal(18, 2)) + cast(coupon_match_disc as decimal(18, 2)) as coupon_discount
from read_parquet(getvariable('real_rows') || '/transactions.parquet')
where household_id in (from taking_part);

create or replace table real_baskets as
select
    basket_id,
    any_value(household_id) as household_id,
    any_value(store_id) as store_id,
    any_value(sold_at) as sold_at,
    any_value(store_id) > getvariable('shop_stores_above')
        or hash(basket_id) % 10000 < 10000 * getvariable('shop_basket_share') as is_shop,
    count(*) as line_count,
    sum(amount) as total
from real_lines
group by basket_id;

create or replace table real_households as
select
    row_number() over (order by household_id) - 1 as place,
    household_id as source_household_id,
    case
        when household_size is null then one_of([1, 1, 1, 2, 2, 2, 2, 3, 4], household_id, 'size')
        else least(cast(replace(household_size, '+', '') as integer), 4)
    end as size,
    try_cast(household_comp[1:1] as integer) as known_adults,
    coalesce(marital_status = 'Married' or starts_with(household_comp, '2 Adults'), true) as is_couple,
    coalesce(try_cast(age[1:2] as integer), 22 + pick(household_id, 'age', 50)) as age_from,
    demographics.* exclude (household_id)
from taking_part
left join read_parquet(getvariable('real_rows') || '/demographics.parquet') as demographics using (household_id);

create or replace table popular_products as
select
    row_number() over (order by count(*) desc, product_id) - 1 as place,
    product_id,
    cast(sum(amount) / sum(quantity) as decimal(18, 2)) as price
from real_lines
where quantity between 1 and 20 and amount > 0
group by product_id
qualify place < 4000;

create or replace table coupon_codes as
select product_id, cast(min(coupon_upc) as varchar) as coupon_code
from read_parquet(getvariable('real_rows') || '/coupons.parquet')
group by product_id;

create or replace table given_names as
select script, gender, list({name: name, transliteration: transliteration} order by line) as options
from (select *, row_number() over () as line from read_csv(getvariable('names') || '/given_names.csv'))
group by all;

create or replace table family_names as
select script, gender, list({name: name, transliteration: transliteration} order by position) as options
from read_csv(getvariable('names') || '/family_names.csv')
group by all;

create or replace table cities as
select script, list({name: city, transliteration: transliteration, prefix: postcode_prefix} order by city) as options
from read_csv(getvariable('names') || '/cities.csv', all_varchar = true)
group by all;
