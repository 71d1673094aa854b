{{ config(
    materialized='incremental',
    unique_key=['issued_customer_id', 'valid_from'],
    incremental_strategy='delete+insert',
    full_refresh=false,
) }}

with clock as (

    select
        as_of,
        generation
    from {{ source('control', 'clock') }}

),

records as (

    select
        node_id,
        customer_id
    from {{ ref('int_identity__records') }}

),

living as (

    select distinct customer_id
    from records

),

known as (

    {% if is_incremental() %}
    select
        issued_customer_id,
        customer_id,
        valid_from
    from {{ this }}
    where is_current
    {% else %}
    select distinct
        old_customer_id as issued_customer_id,
        cast(null as bigint) as customer_id,
        cast(null as timestamp) as valid_from
    from {{ ref('int_identity__id_changes') }}
    {% endif %}

),

issued as (

    select issued_customer_id from known
    union
    select customer_id as issued_customer_id from living

),

-- Where most records of a customer went in this build.
successors as (

    select
        moved.old_customer_id,
        moved.new_customer_id,
        row_number() over (partition by moved.old_customer_id order by moved.records desc, moved.new_customer_id asc) as standing
    from (
        select
            changes.old_customer_id,
            changes.new_customer_id,
            count(*) as records
        from {{ ref('int_identity__id_changes') }} as changes
        inner join clock on changes.generation = clock.generation
        where changes.new_customer_id is not null
        group by changes.old_customer_id, changes.new_customer_id
    ) as moved

),

-- An id is the number of its oldest record and follows it; where that is gone, it follows the others.
mapped as (

    select
        issued.issued_customer_id,
        coalesce(anchors.customer_id, living.customer_id, successors.new_customer_id) as customer_id,
        known.customer_id as known_customer_id,
        known.valid_from as known_from
    from issued
    left join known on issued.issued_customer_id = known.issued_customer_id
    left join records as anchors on issued.issued_customer_id = anchors.node_id
    left join living on known.customer_id = living.customer_id
    left join successors on known.customer_id = successors.old_customer_id and successors.standing = 1

),

moved as (

    select
        mapped.*,
        clock.as_of
    from mapped
    cross join clock
    where mapped.known_from is null or mapped.customer_id is distinct from mapped.known_customer_id

)

select
    cast(issued_customer_id as bigint) as issued_customer_id,
    cast(customer_id as bigint) as customer_id,
    as_of as valid_from,
    cast(null as timestamp) as valid_to,
    true as is_current
from moved

union all

select
    cast(issued_customer_id as bigint) as issued_customer_id,
    cast(known_customer_id as bigint) as customer_id,
    known_from as valid_from,
    as_of as valid_to,
    false as is_current
from moved
where known_from < as_of
