with source as (

    select * from {{ source('raw_marketing', 'campaign_sends') }}

),

renamed as (

    select
        -- ids
        campaign_id,
        card_number,
        -- timestamps
        sent_at,
        -- arrival
        _arrival,
        _loaded_at
    from source

)

select * from renamed
