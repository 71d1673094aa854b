-- Decisions on a record and itself, or on half a pair.
select
    record_key_a,
    record_key_b,
    decision,
    comment
from {{ ref('identity_overrides') }}
where record_key_a = record_key_b or record_key_a is null or record_key_b is null
