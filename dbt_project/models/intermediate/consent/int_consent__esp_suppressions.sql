{{ config(materialized='view') }}

select
    'email' as address_kind,
    email as address,
    case when event = 'spam_report' then 'complained' else 'bounced' end as reason,
    occurred_at
from {{ ref('stg_esp__events') }}
where email is not null and (event = 'spam_report' or (event = 'bounce' and reason = 'hard'))
