with source as (

    select * from {{ source('raw_suppression', 'tokens') }}

),

renamed as (

    select
        -- ids
        key_id,
        token,
        -- values
        address_kind,
        address,
        -- arrival
        _arrival,
        _loaded_at
    from source

)

select * from renamed
