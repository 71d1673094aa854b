select
    cast(segment_name as varchar) as segment_name,
    cast(customer_id as bigint) as customer_id
from {{ ref('int_segments__rule_members') }}
union all
select
    cast(segment_name as varchar) as segment_name,
    cast(customer_id as bigint) as customer_id
from {{ ref('int_segments__model_members') }}
