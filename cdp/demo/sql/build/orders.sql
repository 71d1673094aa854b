-- Shop orders: who ordered, from which browser, and what was typed at the checkout.
create or replace table orders as
with placed as (
    select
        baskets.* exclude (household_id),
        baskets.sold_at as ordered_at,
        persons.*,
        if(opened_at <= sold_at and draw(basket_key, 'orders as guest') >= 0.08, account_id, null) as account_id,
        coalesce(hash(account_id), basket_key) as writer,
        uses_other_email,
        one_of(device_choices.devices, basket_key, 'device') as device
    from baskets
    join persons using (person_id)
    join device_choices using (person_id)
    left join accounts using (person_id)
    where is_shop
)

select
    cast(basket_key as varchar) as order_id,
    placed.basket_key,
    placed.basket_id,
    placed.person_id,
    placed.ordered_at,
    placed.store_id,
    placed.account_id,
    placed.device,
    browsers.anonymous_id,
    browsers.device_id,
    browsers.client_id,
    total,
    line_count,
    written_name(given.name, given.transliteration, script, writer)
    || ' ' || written_name(family.name, family.transliteration, script, writer) as customer_name,
    given_email(
        case
            when coalesce(account_id is not null and uses_other_email, false) then other_email
            when account_id is null and draw(basket_key, 'guest e-mail') < 0.2 then other_email
            else email_at(email, new_email, email_changed_at, ordered_at)
        end,
        basket_key
    ) as email,
    if(draw(basket_key, 'no phone') < 0.15, null, given_phone(phone, basket_key)) as phone,
    if(script = 'cyrillic' and happens(basket_key, 'name_transliterated'), city.transliteration, city.name) as city,
    postcode,
    later(ordered_at, 0, 600, basket_key, 'exported after') as exported_at,
    if(
        draw(basket_key, 'cancelled') < 0.02 and ordered_at < year_end() - interval 3 day,
        later(ordered_at, 1800, 150000, basket_key, 'cancelled after'),
        null
    ) as cancelled_at
from placed
join browsers
    on browsers.person_id = placed.person_id
    and browsers.device = placed.device
    and browsers.epoch = cookie_epoch(placed.person_id, placed.device, placed.ordered_at);

create or replace macro order_file(instant) as
    'shop/orders/' || strftime(least(instant, year_end() - interval 1 hour), '%Y/%m/%d/%H') || '.parquet';

create or replace view stage_shop_orders as
with versions as (
    select *, exported_at as updated_at, 'placed' as status from orders
    union all
    select *, cancelled_at, 'cancelled' from orders where cancelled_at is not null
),

arriving as (
    select *, updated_at + days_late(hash(basket_key, status)) as arrives_at from versions
)

select
    delivery_day(arrives_at) as delivered_on,
    order_file(arrives_at) as file,
    ordered(arrives_at, hash(basket_key, status), line_no) as position,
    order_id,
    line_no,
    ordered_at,
    updated_at,
    status,
    account_id,
    anonymous_id,
    customer_name,
    email,
    phone,
    city,
    postcode,
    lines.store_id,
    product_id,
    quantity,
    amount,
    discount,
    coupon_discount,
    if(coupon_discount > 0, coupon_code, null) as coupon_code,
    'USD' as currency
from arriving
join lines using (basket_key)
left join coupon_codes using (product_id);

create or replace view stage_shop_returns as
with returned as (
    select
        *,
        later(ordered_at, 172800, 1500000, hash(basket_key, line_no), 'returned after') as returned_at
    from orders
    join lines using (basket_key)
    where cancelled_at is null and quantity > 0 and amount > 0 and draw(hash(basket_key, line_no), 'returned') < 0.03
)

select
    delivery_day(returned_at) as delivered_on,
    'shop/returns/' || strftime(file_day(returned_at), '%Y/%m/%d') || '.parquet' as file,
    order_id || ':' || line_no as position,
    'R' || order_id || '-' || line_no as return_id,
    order_id,
    line_no,
    product_id,
    quantity,
    amount,
    'USD' as currency,
    returned_at,
    one_of(['damaged', 'not as described', 'ordered by mistake', 'late', 'wrong item'], basket_key, 'reason') as reason
from returned
where returned_at < year_end();
