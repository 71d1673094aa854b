-- Till receipts: with a card, with a phone typed by the cashier, or with nothing at all.
create or replace table cashiers as
with options as (
    select unnest(options).name as family_name
    from family_names
    where script = 'cyrillic' and gender = 'f'
)

select list(
    family_name || ' ' || one_of(['А', 'Е', 'И', 'М', 'Н', 'О'], family_name, 'initial') || '.'
    order by family_name
) as names
from options;

create or replace table receipts as
with card_in_use as (
    select baskets.basket_key, arg_max(card_number, registered_at) as card_number
    from baskets
    join cards on cards.person_id = baskets.person_id and cards.registered_at <= baskets.sold_at
    where not is_shop and draw(basket_key, 'shows card') < 0.78
    group by baskets.basket_key
)

select
    delivery_day(sold_at + days_late(basket_key)) as delivered_on,
    compact_day_file('pos/receipts_', sold_at + days_late(basket_key), '.csv') as file,
    cast(basket_key as varchar) as receipt_id,
    basket_key,
    person_id,
    store_id,
    sold_at as closed_at,
    one_of(cashiers.names, store_id * 10 + pick(basket_key, 'shift', 4), 'cashier') as cashier,
    card_number,
    case
        when card_number is not null or draw(basket_key, 'tells phone') >= 0.4 then null
        when happens(basket_key, 'cashier_phone') then cashiers_own_phone(basket_key)
        else given_phone(phone, basket_key)
    end as phone
from baskets
join persons using (person_id)
left join card_in_use using (basket_key)
cross join cashiers
where not is_shop;

create or replace view stage_pos as
with sales as (
    select
        receipts.*, lines.line_no, 'sale' as receipt_type, cast(null as varchar) as original_receipt_id,
        product_id, quantity, amount, discount, coupon_discount
    from receipts
    join lines using (basket_key)
),

refunds as (
    select
        sales.* exclude (refunded_at) replace (
            delivery_day(refunded_at) as delivered_on,
            compact_day_file('pos/receipts_', refunded_at, '.csv') as file,
            'R' || receipt_id || '-' || line_no as receipt_id,
            refunded_at as closed_at,
            1 as line_no,
            'return' as receipt_type,
            receipt_id as original_receipt_id,
            -quantity as quantity,
            -amount as amount,
            -discount as discount,
            -coupon_discount as coupon_discount
        )
    from (
        select *, later(closed_at, 86400, 900000, hash(basket_key, line_no), 'refunded after') as refunded_at
        from sales
    ) as sales
    where quantity between 1 and 50 and amount > 0 and draw(hash(basket_key, line_no), 'refunded') < 0.004
),

written as (
    select *, '' as flaw from sales
    union all
    select *, '' from refunds where closed_at < year_end()
    union all
    select *, one_of(['amount', 'columns'], hash(basket_key, line_no), 'flaw') from sales
    where happens(hash(basket_key, line_no), 'malformed_receipt_lines')
)

select
    delivered_on,
    file,
    ordered(closed_at, receipt_id, 2 * line_no + (flaw <> '')::int) as position,
    written.* exclude (delivered_on, file, basket_key, person_id)
from written;
