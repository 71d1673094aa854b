{{ config(materialized='incremental', incremental_strategy='append', full_refresh=false) }}

with arrivals as (

    select
        record_key,
        _batch,
        _file,
        _line,
        row_number() over (partition by record_key order by _batch, _file, _line) as arrival
    from {{ ref('int_identity__observations') }}

),

unnumbered as (

    select arrivals.*
    from arrivals
    where
        arrivals.arrival = 1
        {% if is_incremental() %}
        and {{ is_new('arrivals') }}
        and not exists (select 1 from {{ this }} as known where known.record_key = arrivals.record_key)
        {% endif %}

)

select
    record_key,
    {% if is_incremental() %}(select coalesce(max(known.node_id), 0) from {{ this }} as known) +{% endif %}
    row_number() over (order by _batch, _file, _line, record_key) as node_id,
    _batch,
    _file,
    _line
from unnumbered
