{{ config(
    materialized='incremental',
    unique_key=['record_key', 'generation'],
    incremental_strategy='delete+insert',
    full_refresh=false,
) }}

{%- set previous = adapter.get_relation(database=this.database, schema=this.schema, identifier='int_identity__records') %}

with assigned as (

    select * from {{ ref('int_identity__assignments') }}

)

{% if previous and is_incremental() %}

select
    coalesce(assigned.record_key, previous.record_key) as record_key,
    previous.customer_id as old_customer_id,
    assigned.customer_id as new_customer_id,
    clock.generation,
    clock.as_of as changed_at
from {{ previous }} as previous
left join assigned on previous.record_key = assigned.record_key
cross join {{ source('control', 'clock') }} as clock
where assigned.customer_id is null or assigned.customer_id <> previous.customer_id

{% else %}

select
    assigned.record_key,
    assigned.customer_id as old_customer_id,
    assigned.customer_id as new_customer_id,
    clock.generation,
    clock.as_of as changed_at
from assigned
cross join {{ source('control', 'clock') }} as clock
where 1 = 0

{% endif %}
