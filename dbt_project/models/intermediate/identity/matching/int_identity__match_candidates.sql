with blocks as (

    select
        rule,
        block_key,
        record_key
    from {{ ref('int_identity__match_blocks') }}
    where records between 2 and {{ var('match_model').largest_block }}

),

pairs as (

    select distinct
        one.record_key as record_key_a,
        other.record_key as record_key_b
    from blocks as one
    inner join blocks as other on one.rule = other.rule and one.block_key = other.block_key
    where one.record_key < other.record_key
    union all
    select
        repeats.first_record_key as record_key_a,
        repeats.record_key as record_key_b
    from {{ ref('int_identity__match_repeats') }} as repeats
    where repeats.first_record_key in (select blocks.record_key from {{ ref('int_identity__match_blocks') }} as blocks)

)

select
    pairs.record_key_a,
    pairs.record_key_b,
    md5(one.record_hash || other.record_hash || '{{ comparisons_hash() }}') as comparison_hash
from pairs
inner join {{ ref('int_identity__match_records') }} as one on pairs.record_key_a = one.record_key
inner join {{ ref('int_identity__match_records') }} as other on pairs.record_key_b = other.record_key
