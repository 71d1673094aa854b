{{ config(materialized='identity_graph') }}

-- depends_on: {{ ref('int_identity__observations') }}
select {{ evidence_names() }}
from {{ ref('int_identity__evidence') }}
where is_pairwise or _last_arrival > {{ graph_watermark(this) }}
