with source as (

    select * from {{ source('raw_crm', 'contacts') }}

),

renamed as (

    select
        -- ids
        contact_id,
        nullif(trim(loyalty_card), '') as card_number,
        -- values
        full_name,
        {{ normalise_email('email') }} as email,
        {{ normalise_phone('phone') }} as phone,
        birth_date,
        city,
        coalesce(do_not_contact, false) as is_do_not_contact,
        _op = 'delete' as is_deleted,
        -- timestamps
        updated_at,
        -- arrival
        _arrival,
        _loaded_at
    from source

)

select * from renamed
