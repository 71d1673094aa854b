with source as (

    select * from {{ source('raw_feedback', 'events') }}

),

renamed as (

    select
        -- ids
        destination || ':' || event_id as feedback_event_id,
        destination as destination_name,
        message_key,
        remote_id,
        -- values
        kind,
        channel,
        {{ normalise_email('email') }} as email,
        {{ normalise_phone('phone') }} as phone,
        campaign,
        detail,
        -- timestamps
        occurred_at,
        received_at,
        -- arrival
        _arrival,
        _loaded_at
    from source

)

select * from renamed
