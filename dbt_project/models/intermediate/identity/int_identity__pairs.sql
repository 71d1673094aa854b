{{ config(materialized='view') }}

with decided as (

    select
        'steward' as decided_by,
        least(record_key_a, record_key_b) || ' ' || greatest(record_key_a, record_key_b) as hub,
        cast(1 as double precision) as confidence,
        case when decision = 'never' then 'kept apart by a steward' end as suppression_reason,
        record_key_a,
        record_key_b
    from {{ ref('identity_overrides') }}

    union all

    select
        'matching' as decided_by,
        record_key_a || ' ' || record_key_b as hub,
        link_probability as confidence,
        cast(null as varchar) as suppression_reason,
        record_key_a,
        record_key_b
    from {{ ref('int_identity__match_links') }}
    where band = 'certain'

)

select
    decided_by,
    hub,
    confidence,
    suppression_reason,
    record_key_a as record_key
from decided

union all

select
    decided_by,
    hub,
    confidence,
    suppression_reason,
    record_key_b as record_key
from decided
