with source as (

    select * from {{ source('raw_shop', 'orders') }}

),

renamed as (

    select
        -- ids
        order_id,
        -- values
        {{ normalise_email('email') }} as email,
        {{ normalise_phone('phone') }} as phone,
        nullif(trim(first_name), '') as first_name,
        nullif(trim(last_name), '') as last_name,
        nullif(trim(city), '') as city,
        product,
        quantity,
        {{ cents('amount') }} as amount_cents,
        currency,
        case newsletter when 'yes' then 'granted' when 'no' then 'withdrawn' end as newsletter_action,
        -- timestamps
        ordered_at,
        -- arrival
        _arrival,
        _loaded_at
    from source

)

select * from renamed
