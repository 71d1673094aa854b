{{ config(materialized='view') }}

with changes as (

    select
        *,
        row_number() over (partition by contact_id order by _arrival desc) as recency
    from {{ ref('stg_crm__contacts') }}

)

select
    contact_id,
    recency = 1 as is_current,
    max(case when recency = 1 and is_deleted then 1 else 0 end) over (partition by contact_id) = 1 as is_deleted,
    card_number,
    full_name,
    email,
    phone,
    birth_date,
    city,
    is_do_not_contact,
    updated_at,
    _arrival
from changes
