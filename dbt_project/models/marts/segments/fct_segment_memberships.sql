{#- Read by macros, or made after this model, so that dbt sees no `ref` to them here. -#}
-- depends_on: {{ ref('int_segments__definitions') }}
-- depends_on: {{ ref('int_segments__former_names') }}
-- depends_on: {{ ref('int_segments__masks') }}
-- depends_on: {{ ref('segment_members') }}
-- depends_on: {{ ref('int_identity__merges') }}
-- depends_on: {{ ref('fct_customer_events') }}
-- depends_on: {{ ref('int_profiles__attribute_values') }}
{{ config(materialized='incremental', unique_key='membership_id', incremental_strategy='delete+insert', full_refresh=false) }}

with clock as (

    select
        as_of,
        generation
    from {{ source('control', 'clock') }}

),

{% if is_incremental() %}
segments as (
    {{ settled_segments() }}
),

-- Only customers whose words differ from those of the last build are looked at one by one.
changed as (

    select
        coalesce(masks.customer_id, settled.customer_id) as customer_id,
        masks.customer_id is null as is_gone,
        settled.customer_id is null as is_new,
        {{ mask_words('masks') }}
    from {{ ref('int_segments__masks') }} as masks
    full outer join {{ settled('masks') }} as settled on masks.customer_id = settled.customer_id
    where masks.customer_id is null or settled.customer_id is null or {{ masks_differ('masks', 'settled') }}

),

open_memberships as (

    select
        known.membership_id,
        coalesce(renamed.segment_name, known.segment_name) as segment_name,
        known.customer_id,
        known.entered_at,
        known.entered_reason
    from {{ this }} as known
    left join {{ ref('int_segments__former_names') }} as renamed on known.segment_name = renamed.former_name
    where known.left_at is null

),

-- Those that may end. Each half looks through its small set: an `or` of both would look at every row.
standing as (

    select *
    from open_memberships
    where customer_id in (select changed.customer_id from changed)
    union
    select *
    from open_memberships
    where segment_name not in (select segments.segment_name from segments)

),

members as (

    select
        segments.segment_name,
        changed.customer_id
    from changed
    inner join segments on ({{ word_of('segments', 'changed') }} & segments.bit_value) <> 0

),

-- Who took part in a merge or a split of this build.
regrouped as (

    select
        sides.customer_id,
        min(sides.kind) as kind
    from (
        select
            old_customer_id as customer_id,
            kind,
            generation
        from {{ ref('int_identity__merges') }}
        union all
        select
            new_customer_id as customer_id,
            kind,
            generation
        from {{ ref('int_identity__merges') }}
    ) as sides
    inner join clock on sides.generation = clock.generation
    group by sides.customer_id

),

supplied as (

    select customer_id
    from {{ ref('fct_customer_events') }}
    where {{ is_new() }}
    union
    select customer_id
    from {{ ref('int_profiles__attribute_values') }}
    where {{ is_new() }}

),

-- The first of these that is true of a customer and a segment.
reasons as (

    select
        changed.customer_id,
        changed.is_gone,
        changed.is_new,
        case regrouped.kind when 'merge' then 'customer merged' when 'split' then 'customer split' end as regrouping,
        case when supplied.customer_id is null then 'time passed' else 'data changed' end as otherwise
    from changed
    left join regrouped on changed.customer_id = regrouped.customer_id
    left join supplied on changed.customer_id = supplied.customer_id

),

entered as (

    select
        members.segment_name,
        members.customer_id,
        clock.as_of as entered_at,
        case
            when segments.settled_name is null then 'segment added'
            when reasons.regrouping is not null then reasons.regrouping
            when reasons.is_new then 'customer new'
            when segments.is_changed then 'rule changed'
            else reasons.otherwise
        end as entered_reason
    from members
    cross join clock
    inner join segments on members.segment_name = segments.segment_name
    inner join reasons on members.customer_id = reasons.customer_id
    left join standing on members.segment_name = standing.segment_name and members.customer_id = standing.customer_id
    where standing.customer_id is null

),

departed as (

    select
        standing.membership_id,
        standing.segment_name,
        standing.customer_id,
        standing.entered_at,
        standing.entered_reason,
        clock.as_of as left_at,
        case
            when segments.segment_name is null then 'segment removed'
            when reasons.regrouping is not null then reasons.regrouping
            when reasons.is_gone then 'customer removed'
            when segments.is_changed then 'rule changed'
            else reasons.otherwise
        end as left_reason
    from standing
    cross join clock
    left join members on standing.segment_name = members.segment_name and standing.customer_id = members.customer_id
    left join segments on standing.segment_name = segments.segment_name
    left join reasons on standing.customer_id = reasons.customer_id
    where members.customer_id is null

)

select
    membership_id,
    segment_name,
    customer_id,
    entered_at,
    entered_reason,
    left_at,
    cast(left_reason as varchar) as left_reason
from departed
union all
select
    known.membership_id,
    renamed.segment_name,
    known.customer_id,
    known.entered_at,
    known.entered_reason,
    known.left_at,
    known.left_reason
from {{ this }} as known
inner join {{ ref('int_segments__former_names') }} as renamed on known.segment_name = renamed.former_name
where known.membership_id not in (select departed.membership_id from departed)
union all
{% else %}
entered as (

    select
        members.segment_name,
        members.customer_id,
        clock.as_of as entered_at,
        'segment added' as entered_reason
    from {{ ref('segment_members') }} as members
    cross join clock

)

{% endif %}
select
    cast(md5(segment_name || '|' || cast(customer_id as varchar) || '|' || cast(entered_at as varchar)) as varchar) as membership_id,
    segment_name,
    customer_id,
    entered_at,
    cast(entered_reason as varchar) as entered_reason,
    cast(null as timestamp) as left_at,
    cast(null as varchar) as left_reason
from entered
