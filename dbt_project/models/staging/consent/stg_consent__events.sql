with source as (

    select * from {{ source('raw_consent', 'events') }}

),

renamed as (

    select
        -- ids
        event_id,
        -- values
        lower(trim(address_kind)) as address_kind,
        case
            when lower(trim(address_kind)) = 'email' then {{ normalise_email('address') }}
            when lower(trim(address_kind)) = 'phone' then {{ normalise_phone('address') }}
        end as address,
        lower(trim(purpose)) as purpose,
        lower(trim(channel)) as channel,
        lower(trim(message_class)) as message_class,
        action,
        lawful_basis,
        form,
        text_version,
        text_sha256,
        locale,
        -- timestamps
        occurred_at,
        -- arrival
        _arrival,
        _loaded_at
    from source

)

select * from renamed
