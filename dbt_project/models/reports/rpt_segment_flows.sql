with moves as (

    select
        segment_name,
        cast(entered_at as date) as moved_on,
        1 as entered,
        0 as departed
    from {{ ref('fct_segment_memberships') }}
    union all
    select
        segment_name,
        cast(left_at as date) as moved_on,
        0 as entered,
        1 as departed
    from {{ ref('fct_segment_memberships') }}
    where left_at is not null

),

days as (

    select
        segment_name,
        moved_on,
        sum(entered) as entered_count,
        sum(departed) as left_count
    from moves
    group by segment_name, moved_on

)

select
    cast(segment_name as varchar) as segment_name,
    moved_on,
    cast(entered_count as bigint) as entered_count,
    cast(left_count as bigint) as left_count,
    cast(
        sum(entered_count - left_count) over (
            partition by segment_name
            order by moved_on asc rows between unbounded preceding and current row
        )
        as bigint
    ) as members_count
from days
