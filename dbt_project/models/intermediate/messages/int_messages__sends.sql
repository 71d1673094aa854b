{{ config(materialized='view') }}

-- A message whose answer was lost may have been sent; only what is reported of it will say.
select
    'sync:' || sync_name || ':' || row_key as message_id,
    destination_name,
    sync_name,
    row_key,
    max(remote_id) as remote_id,
    min(case when verdict = 'ok' then answered_at end) as sent_at
from {{ ref('stg_receipts__receipts') }}
where operation = 'send' and verdict in ('ok', 'unknown')
group by sync_name, row_key, destination_name
