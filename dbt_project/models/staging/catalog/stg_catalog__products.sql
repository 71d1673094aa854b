with source as (

    select * from {{ source('raw_catalog', 'products') }}

),

renamed as (

    select
        -- ids
        product_id,
        manufacturer_id,
        -- values
        department,
        brand,
        product_category,
        product_type,
        package_size,
        -- arrival
        _arrival,
        _loaded_at
    from source

)

select * from renamed
