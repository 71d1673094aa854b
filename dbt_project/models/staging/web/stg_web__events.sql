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

),

first_arrivals as (

    select
        *,
        row_number() over (partition by message_id order by _batch, _file, _line) as arrival
    from renamed
    {% if is_incremental() %}
    where not exists (select 1 from {{ this }} as known where known.message_id = renamed.message_id)
    {% endif %}

)

select
    message_id,
    anonymous_id,
    account_id,
    device_id,
    client_id,
    product_id,
    cart_id,
    order_id,
    message_type,
    event,
    person_name,
    email,
    phone,
    value_cents,
    sent_at,
    _batch,
    _file,
    _line,
    _loaded_at
from first_arrivals
where arrival = 1
