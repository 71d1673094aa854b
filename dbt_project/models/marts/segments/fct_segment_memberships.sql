-- depends_on: {{ ref('int_segments__definitions') }}
-- depends_on: {{ ref('dim_customers') }}
{{ config(materialized='incremental', unique_key='membership_id', incremental_strategy='delete+insert', full_refresh=false) }}

with members as (

    select
        segment_name,
        customer_id
    from {{ ref('segment_members') }}

),

clock as (

    select as_of from {{ source('control', 'clock') }}

)

{% if is_incremental() %}

,
standing as (

    select *
    from {{ this }}
    where left_at is null

),

entered as (

    select
        members.segment_name,
        members.customer_id,
        clock.as_of as entered_at
    from members
    cross join clock
    where not exists (
        select 1
        from standing
        where standing.segment_name = members.segment_name and standing.customer_id = members.customer_id
    )

),

departed as (

    select
        standing.membership_id,
        standing.segment_name,
        standing.customer_id,
        standing.entered_at,
        clock.as_of as left_at,
        case
            when definitions.segment_name is null then 'segment removed'
            when customers.customer_id is null then 'customer merged or removed'
            else 'rule no longer met'
        end as left_reason
    from standing
    cross join clock
    left join members
        on standing.segment_name = members.segment_name and standing.customer_id = members.customer_id
    left join {{ ref('int_segments__definitions') }} as definitions on standing.segment_name = definitions.segment_name
    left join {{ ref('dim_customers') }} as customers on standing.customer_id = customers.customer_id
    where members.customer_id is null

)

select
    membership_id,
    segment_name,
    customer_id,
    entered_at,
    left_at,
    cast(left_reason as varchar) as left_reason
from departed
union all

{% else %}

,
entered as (

    select
        members.segment_name,
        members.customer_id,
        clock.as_of as entered_at
    from members
    cross join clock

)

{% endif %}

select
    cast(md5(segment_name || '|' || cast(customer_id as varchar) || '|' || cast(entered_at as varchar)) as varchar) as membership_id,
    segment_name,
    customer_id,
    entered_at,
    cast(null as timestamp) as left_at,
    cast(null as varchar) as left_reason
from entered
