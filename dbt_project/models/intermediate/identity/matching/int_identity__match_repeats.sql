with looks as (

    select
        source_name,
        record_hash,
        min(record_key) as first_record_key
    from {{ ref('int_identity__match_records') }}
    group by source_name, record_hash
    having count(*) > {{ var('match_model').largest_block }}

)

select
    records.record_key,
    looks.first_record_key
from {{ ref('int_identity__match_records') }} as records
inner join looks on records.source_name = looks.source_name and records.record_hash = looks.record_hash
where records.record_key <> looks.first_record_key
