with source as (

    select * from {{ source('raw_consent', 'events') }}

),

renamed as (

    select
        -- ids
        event_id,
        -- values
        {{ fold_case("trim(address_kind)") }} as address_kind,
        case
            when {{ fold_case("trim(address_kind)") }} = 'email' then {{ normalise_email('address') }}
            when {{ fold_case("trim(address_kind)") }} = 'phone' then {{ normalise_phone('address') }}
        end as address,
        {{ fold_case("trim(purpose)") }} as purpose,
        {{ fold_case("trim(channel)") }} as channel,
        {{ fold_case("trim(message_class)") }} as message_class,
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
