with source as (

    select * from {{ source('raw_receipts', 'sync_runs') }}

),

renamed as (

    select
        -- ids
        run_id as sync_run_id,
        sync as sync_name,
        destination as destination_name,
        generation as generation_id,
        -- values
        status,
        reason,
        planned as planned_count,
        ok as ok_count,
        rejected as rejected_count,
        unknown as unknown_count,
        suppressed as suppressed_count,
        held as held_count,
        in_flight as in_flight_count,
        -- timestamps
        started_at,
        finished_at
    from source

)

select * from renamed
