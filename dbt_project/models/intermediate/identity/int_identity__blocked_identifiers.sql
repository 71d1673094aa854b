{{ config(materialized='view') }}

select distinct
    observations.identifier_type,
    observations.identifier_value
from {{ ref('int_identity__observations') }} as observations
inner join {{ ref('identifier_block_list') }} as blocked
    on
        observations.identifier_type = blocked.identifier_type
        and observations.identifier_value like blocked.pattern
