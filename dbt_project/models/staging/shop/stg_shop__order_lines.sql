with source as (

    select * from {{ source('raw_shop', 'order_lines') }}

),

renamed as (

    select
        -- ids
        order_id,
        line_no,
        account_id,
        anonymous_id,
        store_id,
        product_id,
        -- values
        status,
        customer_name,
        {{ normalise_email('email') }} as email,
        {{ normalise_phone('phone') }} as phone,
        city,
        postcode,
        quantity,
        {{ cents('amount') }} as amount_cents,
        {{ cents('coalesce(discount, 0)') }} as discount_cents,
        {{ cents('coalesce(coupon_discount, 0)') }} as coupon_discount_cents,
        coupon_code,
        currency,
        -- timestamps
        ordered_at,
        updated_at,
        -- arrival
        _arrival,
        _loaded_at
    from source

)

select * from renamed
