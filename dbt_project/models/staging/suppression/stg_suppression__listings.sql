with source as (

    select * from {{ source('raw_suppression', 'listings') }}

),

renamed as (

    select
        -- ids
        key_id,
        token,
        listing_id,
        -- values
        reason,
        address_kind,
        -- timestamps
        listed_at,
        -- arrival
        _arrival,
        _loaded_at
    from source

)

select * from renamed
