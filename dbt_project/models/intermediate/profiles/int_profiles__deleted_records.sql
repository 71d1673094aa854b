{{ config(materialized='view') }}

with departures as (

    select
        record_key,
        old_customer_id,
        row_number() over (partition by record_key order by generation desc) as recency
    from {{ ref('int_identity__id_changes') }}
    where new_customer_id is null

)

select
    departures.record_key,
    ids.customer_id
from departures
inner join {{ ref('dim_customer_ids') }} as ids
    on departures.old_customer_id = ids.issued_customer_id and ids.is_current and ids.customer_id is not null
left join {{ ref('int_identity__records') }} as records on departures.record_key = records.record_key
where departures.recency = 1 and records.record_key is null
