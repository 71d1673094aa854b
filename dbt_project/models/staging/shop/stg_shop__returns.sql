with source as (

    select * from {{ source('raw_shop', 'returns') }}

),

renamed as (

    select
        -- ids
        return_id,
        order_id,
        line_no,
        product_id,
        -- values
        quantity,
        {{ cents('amount') }} as amount_cents,
        currency,
        reason,
        -- timestamps
        returned_at,
        -- arrival
        _arrival,
        _loaded_at
    from source

)

select * from renamed
