{{ config(materialized='incremental', incremental_strategy='append') }}

with source as (

    select * from {{ source('raw_web', 'events') }}
    where {{ is_new() }}

),

renamed as (

    select
        -- ids
        message_id,
        anonymous_id,
        nullif(trim(user_id), '') as account_id,
        {{ json_text('context', 'device.id') }} as device_id,
        {{ json_text('context', 'clientId') }} as client_id,
        {{ json_text('properties', 'product_id') }} as product_id,
        {{ json_text('properties', 'cart_id') }} as cart_id,
        {{ json_text('properties', 'order_id') }} as order_id,
        -- values
        type as message_type,
        event,
        {{ json_text('traits', 'name') }} as person_name,
        {{ normalise_email(json_text('traits', 'email')) }} as email,
        {{ normalise_phone(json_text('traits', 'phone')) }} as phone,
        {{ cents("(" ~ decimal_or_null(json_text('properties', 'value')) ~ ")") }} as value_cents,
        -- timestamps
        sent_at,
        -- arrival
        _batch,
        _file,
        _line,
        _loaded_at
    from source

)

select * from renamed
