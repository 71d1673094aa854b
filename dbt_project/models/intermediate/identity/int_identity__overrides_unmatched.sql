with overrides as (

    select
        overrides.record_key_a,
        overrides.record_key_b,
        overrides.decision,
        overrides.comment,
        first_node.record_key is null as is_a_unknown,
        second_node.record_key is null as is_b_unknown
    from {{ ref('identity_overrides') }} as overrides
    left join {{ ref('int_identity__nodes') }} as first_node on overrides.record_key_a = first_node.record_key
    left join {{ ref('int_identity__nodes') }} as second_node on overrides.record_key_b = second_node.record_key

)

select
    record_key_a,
    record_key_b,
    decision,
    comment,
    is_a_unknown,
    is_b_unknown
from overrides
where is_a_unknown or is_b_unknown
