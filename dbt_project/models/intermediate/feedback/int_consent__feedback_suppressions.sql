{{ config(materialized='view') }}

select
    'email' as address_kind,
    email as address,
    kind as reason,
    occurred_at
from {{ ref('stg_feedback__events') }}
where email is not null and (kind = 'complained' or (kind = 'bounced' and detail = 'hard'))
