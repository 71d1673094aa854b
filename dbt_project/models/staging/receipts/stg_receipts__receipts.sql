with source as (

    select * from {{ source('raw_receipts', 'receipts') }}

),

renamed as (

    select
        -- ids
        source.seq as receipt_id,
        source.run_id as sync_run_id,
        source.sync as sync_name,
        source.destination as destination_name,
        source.key as row_key,
        source.remote_id,
        source.generation as generation_id,
        -- values
        source.operation,
        source.verdict,
        source.code,
        source.reason,
        source.row_hash,
        -- timestamps
        source.at as answered_at
    from source

)

select * from renamed
