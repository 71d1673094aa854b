with owners as (

    select
        record_key,
        customer_id,
        false as is_deleted
    from {{ ref('int_identity__records') }}
    union all
    select
        record_key,
        customer_id,
        true as is_deleted
    from {{ ref('int_profiles__deleted_records') }}

),

attributes as (

    select
        record_key,
        attribute,
        attribute_value,
        source_name,
        coalesce(is_verified, false) as is_verified,
        observed_at,
        _arrival,
        {{ keeps_deleted() }} as outlives_deletion
    from {{ ref('int_profiles__record_attributes') }}
    where attribute in ('{{ survivorship().keys() | join("', '") }}')

),

candidates as (

    select
        owners.customer_id,
        attributes.attribute,
        attributes.attribute_value,
        {{ fold_case('trim(attributes.attribute_value)') }} as value_key,
        length(trim(attributes.attribute_value)) as value_length,
        attributes.source_name,
        rules.priority,
        attributes.record_key,
        owners.is_deleted,
        attributes.is_verified,
        attributes.observed_at,
        attributes._arrival
    from attributes
    inner join owners on attributes.record_key = owners.record_key
    left join {{ ref('survivorship_rules') }} as rules
        on
            attributes.attribute = rules.attribute
            and attributes.source_name = rules.source_name
    where attributes.outlives_deletion or not owners.is_deleted

),

counted as (

    select
        *,
        sum(case when priority is not null then 1 else 0 end) over (partition by customer_id, attribute, value_key) as times_given
    from candidates

),

ranked as (

    select
        *,
        {{ survivorship_standing() }} as standing
    from counted

)

select
    customer_id,
    attribute,
    attribute_value,
    value_key,
    value_length,
    source_name,
    priority,
    record_key,
    is_deleted,
    is_verified,
    times_given,
    observed_at,
    _arrival,
    standing,
    standing = 1 and priority is not null as is_surviving
from ranked
