-- depends_on: {{ ref('int_identity__merges') }}

select
    record_key,
    node_id,
    customer_id
from {{ ref('int_identity__assignments') }}
