with source as (

    select * from {{ source('raw_loyalty', 'members') }}

),

renamed as (

    select
        -- ids
        card_number,
        -- values
        first_name,
        last_name,
        {{ normalise_email('email') }} as email,
        {{ normalise_phone('phone') }} as phone,
        birth_date,
        gender,
        city,
        postcode,
        -- timestamps
        registered_at,
        updated_at,
        -- arrival
        _arrival,
        _loaded_at
    from source

)

select * from renamed
