{{ config(materialized='incremental', incremental_strategy='append', full_refresh=false) }}

with arrivals as (

    select
        observations.record_key,
        observations._batch,
        observations._file,
        observations._line,
        row_number() over (
            partition by observations.record_key
            order by observations._batch, observations._file, observations._line
        ) as arrival
    from {{ ref('int_identity__observations') }} as observations
    {% if is_incremental() %}
    where not exists (
        select 1
        from {{ this }} as known
        where known.record_key = observations.record_key
    )
    {% endif %}

)

select
    record_key,
    {% if is_incremental() %}(select coalesce(max(known.node_id), 0) from {{ this }} as known) +{% endif %}
    row_number() over (order by _batch, _file, _line, record_key) as node_id,
    _batch,
    _file,
    _line
from arrivals
where arrival = 1
