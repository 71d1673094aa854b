with source as (

    select * from {{ source('raw_pos', 'receipt_lines') }}

),

renamed as (

    select
        -- ids
        receipt_id,
        line_no,
        original_receipt_id,
        store_id,
        product_id,
        nullif(trim(loyalty_card), '') as card_number,
        -- values
        receipt_type,
        cashier,
        {{ normalise_phone('phone') }} as phone,
        quantity,
        {{ cents('amount') }} as amount_cents,
        {{ cents('coalesce(discount, 0)') }} as discount_cents,
        {{ cents('coalesce(coupon_discount, 0)') }} as coupon_discount_cents,
        -- timestamps
        closed_at,
        -- arrival
        _arrival,
        _loaded_at
    from source

)

select * from renamed
