{{ config(
    materialized='incremental',
    unique_key=['experiment', 'bucket'],
    incremental_strategy='delete+insert',
    full_refresh=false,
) }}

with digits as (

    {%- for digit in range(10) %}
    select {{ digit }} as digit
    {%- if not loop.last %} union all {%- endif %}
    {%- endfor %}

),

buckets as (

    select thousands.digit * 1000 + hundreds.digit * 100 + tens.digit * 10 + ones.digit as bucket
    from digits as thousands
    cross join digits as hundreds
    cross join digits as tens
    cross join digits as ones

),

experiments as (

    select distinct experiment
    from {{ ref('int_audiences__variants') }}

),

ranked as (

    select
        experiments.experiment,
        buckets.bucket,
        {% if is_incremental() -%}
        known.variant,
        row_number() over (partition by experiments.experiment, known.variant order by buckets.bucket) as place
        {%- else -%}
        cast(null as varchar) as variant,
        buckets.bucket as place
        {%- endif %}
    from experiments
    cross join buckets
    {% if is_incremental() -%}
    left join {{ this }} as known on experiments.experiment = known.experiment and buckets.bucket = known.bucket
    {%- endif %}

),

-- A variant keeps the buckets it has, up to as many as it is to have.
kept as (

    select
        ranked.experiment,
        ranked.bucket,
        ranked.variant
    from ranked
    inner join {{ ref('int_audiences__variants') }} as variants
        on ranked.experiment = variants.experiment and ranked.variant = variants.variant
    where ranked.place <= variants.buckets

),

free as (

    select
        ranked.experiment,
        ranked.bucket,
        row_number() over (partition by ranked.experiment order by ranked.bucket) as place
    from ranked
    left join kept on ranked.experiment = kept.experiment and ranked.bucket = kept.bucket
    where kept.bucket is null

),

counted as (

    select
        experiment,
        variant,
        count(*) as buckets
    from kept
    group by experiment, variant

),

-- The others go to the variants that lack some, in the order of variants.
lacking as (

    select
        variants.experiment,
        variants.variant,
        variants.place,
        variants.buckets - coalesce(counted.buckets, 0) as buckets
    from {{ ref('int_audiences__variants') }} as variants
    left join counted
        on variants.experiment = counted.experiment and variants.variant = counted.variant

),

stretches as (

    select
        *,
        sum(buckets) over (partition by experiment order by place) as last_place
    from lacking

)

select
    cast(free.experiment as varchar) as experiment,
    cast(free.bucket as bigint) as bucket,
    cast(stretches.variant as varchar) as variant
from free
inner join stretches
    on
        free.experiment = stretches.experiment
        and free.place <= stretches.last_place
        and free.place > stretches.last_place - stretches.buckets
