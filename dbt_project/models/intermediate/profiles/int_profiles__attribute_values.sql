with candidates as (

    select
        records.customer_id,
        attributes.attribute,
        attributes.attribute_value,
        attributes.source_name,
        attributes.record_key,
        attributes.observed_at,
        row_number() over (
            partition by records.customer_id, attributes.attribute
            order by
                rules.priority asc,
                attributes.observed_at desc,
                attributes._arrival desc,
                attributes.record_key asc
        ) as standing
    from {{ ref('int_profiles__record_attributes') }} as attributes
    inner join {{ ref('int_identity__records') }} as records on attributes.record_key = records.record_key
    inner join {{ ref('survivorship_rules') }} as rules
        on
            attributes.attribute = rules.attribute
            and attributes.source_name = rules.source_name

)

select
    customer_id,
    attribute,
    attribute_value,
    source_name,
    record_key,
    observed_at,
    standing = 1 as is_surviving
from candidates
