-- What somebody has let pass is how it is from then on: older builds are not compared with.
with restarts as (

    select
        check_name,
        max(generation_id) as generation_id
    from {{ ref('int_quality__measures') }}
    where is_released
    group by check_name

),

counted as (

    select
        measures.*,
        row_number() over (partition by measures.check_name order by measures.generation_id desc) as builds_ago
    from {{ ref('int_quality__measures') }} as measures
    left join restarts on measures.check_name = restarts.check_name
    where measures.generation_id >= coalesce(restarts.generation_id, 0)

),

recent as (

    select *
    from counted
    where builds_ago <= {{ var('quality_history_builds', 28) }}

),

medians as (

    select
        check_name,
        percentile_cont(0.5) within group (order by measured_value) as median_value
    from recent
    group by check_name

)

select
    recent.boundary,
    recent.table_name,
    recent.check_name,
    medians.median_value,
    -- Of values that scatter as by chance, this is about one standard deviation.
    1.4826 * percentile_cont(0.5) within group (order by abs(recent.measured_value - medians.median_value)) as spread,
    count(*) as observations,
    max(recent.checked_at) as last_checked_at
from recent
inner join medians on recent.check_name = medians.check_name
group by recent.boundary, recent.table_name, recent.check_name, medians.median_value
