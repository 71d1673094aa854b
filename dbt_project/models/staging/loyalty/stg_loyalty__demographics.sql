with source as (

    select * from {{ source('raw_loyalty', 'demographics') }}

),

renamed as (

    select
        -- ids
        card_number,
        -- values
        age_band,
        income_band,
        home_ownership,
        marital_status,
        household_size,
        household_composition,
        kids_count,
        -- arrival
        _arrival,
        _loaded_at
    from source

)

select * from renamed
