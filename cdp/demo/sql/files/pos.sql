-- A malformed line has an amount nobody can read, or ends before its amount.
with written as (
    select
        file,
        flaw,
        concat_ws(
            ';',
            receipt_id,
            line_no,
            receipt_type,
            coalesce(original_receipt_id, ''),
            store_id,
            cashier,
            strftime(closed_at, '%d.%m.%Y %H:%M:%S'),
            product_id,
            quantity
        ) as start,
        concat_ws(
            ';',
            if(flaw = 'amount', 'n/a', with_comma(amount)),
            with_comma(discount),
            with_comma(coupon_discount),
            coalesce(card_number, ''),
            coalesce(phone, '')
        ) as rest
    from due
)

select file, if(flaw = 'columns', start, start || ';' || rest) as line
from written
