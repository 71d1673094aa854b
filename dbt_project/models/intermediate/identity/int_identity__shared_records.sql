with shown as (

    select
        record_key,
        identifier_type,
        count(distinct identifier_value) as shown_values
    from {{ ref('int_identity__observations') }}
    where identifier_type is not null
    group by record_key, identifier_type

)

select
    shown.record_key,
    min(shown.identifier_type) as identifier_type
from shown
inner join {{ ref('identifier_rules') }} as rules on shown.identifier_type = rules.identifier_type
where
    shown.shown_values > rules.max_values_per_record
    and shown.record_key like rules.shared_record_pattern
group by shown.record_key
