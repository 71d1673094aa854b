{{ config(materialized='connected_components') }}

select
    anchor_node_id as a,
    node_id as b
from {{ ref('int_identity__edges') }}
where status = 'active' and anchor_node_id <> node_id
