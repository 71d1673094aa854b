-- Pairs on which the seed decides twice: `always` and `never`, or the same again.
select
    least(record_key_a, record_key_b) as record_key_a,
    greatest(record_key_a, record_key_b) as record_key_b,
    min(decision) as one_decision,
    max(decision) as other_decision,
    count(*) as lines
from {{ ref('identity_overrides') }}
group by least(record_key_a, record_key_b), greatest(record_key_a, record_key_b)
having count(*) > 1
