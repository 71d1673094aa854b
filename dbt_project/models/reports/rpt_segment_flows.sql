{#- Nobody came or went where the segment itself is new or gone, or where records of one person found each other or parted. -#}
{%- set regrouped = "'customer merged', 'customer split'" -%}

with moves as (

    select
        segment_name,
        cast(entered_at as date) as moved_on,
        1 as change,
        case when entered_reason in ('segment added', {{ regrouped }}) then 0 else 1 end as has_entered,
        0 as has_left
    from {{ ref('fct_segment_memberships') }}
    union all
    select
        segment_name,
        cast(left_at as date) as moved_on,
        -1 as change,
        0 as has_entered,
        case when left_reason in ('segment removed', {{ regrouped }}) then 0 else 1 end as has_left
    from {{ ref('fct_segment_memberships') }}
    where left_at is not null

),

days as (

    select
        segment_name,
        moved_on,
        sum(change) as change,
        sum(has_entered) as entered_count,
        sum(has_left) as left_count
    from moves
    group by segment_name, moved_on

)

select
    cast(segment_name as varchar) as segment_name,
    moved_on,
    cast(entered_count as bigint) as entered_count,
    cast(left_count as bigint) as left_count,
    cast(
        sum(change) over (
            partition by segment_name
            order by moved_on asc rows between unbounded preceding and current row
        )
        as bigint
    ) as members_count
from days
