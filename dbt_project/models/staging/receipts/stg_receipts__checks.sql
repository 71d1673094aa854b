with source as (

    select * from {{ source('raw_receipts', 'checks') }}

),

renamed as (

    select
        -- ids
        source.check_run_id,
        source.check_name,
        source.batch as batch_id,
        source.generation as generation_id,
        -- values
        source.boundary,
        source.table_name,
        source.verdict,
        source.value as measured_value,
        source.low as low_bound,
        source.high as high_bound,
        source.median as median_value,
        source.observations as observations_count,
        source.told as told_text,
        source.stops,
        -- timestamps
        source.at as checked_at
    from source

)

select * from renamed
