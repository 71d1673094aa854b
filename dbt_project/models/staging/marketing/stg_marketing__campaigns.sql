with source as (

    select * from {{ source('raw_marketing', 'campaigns') }}

),

renamed as (

    select
        -- ids
        campaign_id,
        -- values
        campaign_type,
        -- timestamps
        starts_on,
        ends_on,
        -- arrival
        _arrival,
        _loaded_at
    from source

)

select * from renamed
