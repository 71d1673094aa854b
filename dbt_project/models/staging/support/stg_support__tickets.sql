with source as (

    select * from {{ source('raw_support', 'tickets') }}

),

renamed as (

    select
        -- ids
        ticket_id,
        order_id,
        -- values
        {{ json_text('requester', 'name') }} as requester_name,
        {{ normalise_email(json_text('requester', 'email')) }} as email,
        {{ normalise_phone(json_text('requester', 'phone')) }} as phone,
        subject,
        channel,
        status,
        satisfaction,
        -- timestamps
        created_at,
        updated_at,
        -- arrival
        _arrival,
        _loaded_at
    from source

)

select * from renamed
