select
    cast(candidates.customer_id as bigint) as customer_id,
    cast(candidates.attribute as varchar) as attribute,
    cast(candidates.record_key as varchar) as record_key,
    cast(candidates.source_name as varchar) as source_name,
    cast(candidates.attribute_value as varchar) as attribute_value,
    candidates.observed_at,
    cast(candidates.standing as bigint) as standing,
    candidates.is_surviving,
    cast({{ survivorship_decided_by('candidates', 'rivals') }} as varchar) as decided_by,
    cast(candidates.priority as bigint) as source_priority,
    cast(candidates.times_given as bigint) as times_given,
    candidates.is_verified,
    candidates.is_deleted as is_deleted_at_source,
    cast(candidates._arrival as bigint) as _arrival
from {{ ref('int_profiles__attribute_values') }} as candidates
left join {{ ref('int_profiles__attribute_values') }} as rivals
    on
        candidates.customer_id = rivals.customer_id
        and candidates.attribute = rivals.attribute
        and rivals.standing = case when candidates.standing = 1 then 2 else 1 end
