with source as (

    select * from {{ source('raw_esp', 'events') }}

),

renamed as (

    select
        -- ids
        event_id,
        message_id,
        -- values
        event,
        {{ normalise_email('email') }} as email,
        campaign,
        url,
        reason,
        -- timestamps
        occurred_at,
        -- arrival
        _arrival,
        _loaded_at
    from source

)

select * from renamed
