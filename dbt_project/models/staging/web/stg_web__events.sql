{{ config(materialized='incremental', incremental_strategy='append') }}

with source as (

    select * from {{ source('raw_web', 'events') }}
    where {{ is_new() }}

),

extracted as (

    select
        message_id,
        anonymous_id,
        user_id,
        type,
        event,
        sent_at,
        {{ json_text('context', 'device.id') }} as device_id,
        {{ json_text('context', 'clientId') }} as client_id,
        {{ json_text('context', 'app.name') }} as app_name,
        {{ json_text('properties', 'product_id') }} as product_id,
        {{ json_text('properties', 'cart_id') }} as cart_id,
        {{ json_text('properties', 'order_id') }} as order_id,
        {{ json_text('properties', 'value') }} as value_text,
        {{ json_text('properties', 'currency') }} as currency,
        {{ json_text('traits', 'name') }} as person_name,
        {{ json_text('traits', 'email') }} as email_text,
        {{ json_text('traits', 'phone') }} as phone_text,
        _arrival,
        _loaded_at
    from source

),

renamed as (

    select
        -- ids
        message_id,
        anonymous_id,
        nullif(trim(user_id), '') as account_id,
        device_id,
        client_id,
        product_id,
        cart_id,
        order_id,
        -- values
        type as message_type,
        event,
        case when app_name is null then 'web' else 'app' end as channel,
        person_name,
        {{ normalise_email('email_text') }} as email,
        {{ normalise_phone('phone_text') }} as phone,
        {{ cents(decimal_or_null('value_text')) }} as value_cents,
        nullif(trim(currency), '') as currency,
        -- timestamps
        sent_at,
        -- arrival
        _arrival,
        _loaded_at
    from extracted

),

first_arrivals as (

    select
        *,
        row_number() over (partition by message_id order by _arrival) as arrival
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
    channel,
    person_name,
    email,
    phone,
    value_cents,
    currency,
    sent_at,
    _arrival,
    _loaded_at
from first_arrivals
where arrival = 1
