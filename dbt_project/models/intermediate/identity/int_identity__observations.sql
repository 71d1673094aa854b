{{ config(materialized='incremental', unique_key='record_key', incremental_strategy='delete+insert') }}

{%- set columns = [
    'source_name', 'record_key', 'identifier_type', 'identifier_value', 'name_key', 'is_deleted', 'is_transaction',
    'observed_at',
    '_batch', '_file', '_line',
] %}

with contributions as (

    {{ union_contributions('identity_sources', 'int_identity__%_observations', columns) }}

),

touched as (

    select distinct contributions.record_key
    from contributions
    where {{ is_new('contributions') }}

),

ranked as (

    select
        contributions.*,
        min(contributions.observed_at) over (partition by contributions.record_key, contributions.identifier_type, contributions.identifier_value) as first_seen_at,
        max(contributions.observed_at) over (partition by contributions.record_key, contributions.identifier_type, contributions.identifier_value) as last_seen_at,
        count(*) over (partition by contributions.record_key, contributions.identifier_type, contributions.identifier_value) as times_observed,
        row_number() over (
            partition by contributions.record_key, contributions.identifier_type, contributions.identifier_value
            order by contributions._batch, contributions._file, contributions._line, contributions.source_name
        ) as arrival,
        max(contributions.name_key) over (partition by contributions.record_key) as record_name_key
    from contributions
    inner join touched on contributions.record_key = touched.record_key

)

select
    record_key,
    identifier_type,
    identifier_value,
    source_name,
    record_name_key as name_key,
    is_deleted,
    is_transaction,
    first_seen_at,
    last_seen_at,
    times_observed,
    _batch,
    _file,
    _line
from ranked
where arrival = 1
