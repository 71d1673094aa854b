with source as (

    select * from {{ source('raw_marketing', 'coupon_redemptions') }}

),

renamed as (

    select
        -- ids
        card_number,
        coupon_upc,
        campaign_id,
        -- timestamps
        redeemed_on,
        -- arrival
        _arrival,
        _loaded_at
    from source

)

select * from renamed
