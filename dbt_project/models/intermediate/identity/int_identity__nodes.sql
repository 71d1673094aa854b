{{ config(materialized='incremental', incremental_strategy='append', full_refresh=false) }}

with arrivals as (

    select
        observations.record_key,
        min(observations._arrival) as _arrival
    from {{ ref('int_identity__observations') }} as observations
    {% if is_incremental() %}
    where not exists (
        select 1
        from {{ this }} as known
        where known.record_key = observations.record_key
    )
    {% endif %}
    group by observations.record_key

)

select
    record_key,
    {% if is_incremental() %}(select coalesce(max(known.node_id), 0) from {{ this }} as known) + {% endif -%}
    row_number() over (order by _arrival, record_key) as node_id,
    _arrival
from arrivals
