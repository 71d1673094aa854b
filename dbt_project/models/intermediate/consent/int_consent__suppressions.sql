select
    'email' as address_kind,
    email as address,
    min(case when event = 'spam_report' then 'complained' else 'bounced' end) as reason,
    min(occurred_at) as suppressed_at
from {{ ref('stg_esp__events') }}
where email is not null and (event = 'spam_report' or (event = 'bounce' and reason = 'hard'))
group by email
