with shown as (

    select
        observations.identifier_type,
        observations.identifier_value,
        count(distinct case when not observations.is_transaction then observations.record_key end) as records,
        count(
            distinct case when observations.is_transaction and observations.name_key is null then observations.record_key end
        ) as nameless_transactions,
        count(distinct observations.name_key) as name_keys
    from {{ ref('int_identity__observations') }} as observations
    where observations.identifier_type is not null
    group by observations.identifier_type, observations.identifier_value

)

select
    shown.identifier_type,
    shown.identifier_value,
    shown.records,
    shown.nameless_transactions,
    shown.name_keys,
    rules.is_split_by_name and shown.name_keys > 1 as is_shared,
    case
        when blocked.identifier_value is not null then 'blocked value'
        when shown.records > rules.max_records then 'too many records'
        when shown.nameless_transactions > rules.max_nameless_transactions then 'too many receipts'
    end as suppression_reason
from shown
inner join {{ ref('identifier_rules') }} as rules on shown.identifier_type = rules.identifier_type
left join {{ ref('int_identity__blocked_identifiers') }} as blocked
    on
        shown.identifier_type = blocked.identifier_type
        and shown.identifier_value = blocked.identifier_value
