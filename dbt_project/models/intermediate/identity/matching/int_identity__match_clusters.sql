{{ config(materialized='linked_clusters', records='int_identity__match_records') }}

-- depends_on: {{ ref('int_identity__match_records') }}

-- Beyond these a pair is as good as certain, and one pair shall not outvote all others.
with weighed as (

    select
        record_key_a,
        record_key_b,
        greatest(least(link_weight - {{ bits(log2(var('match_model').link_above / (1 - var('match_model').link_above))) }}, 20), -20) as weight
    from {{ ref('int_identity__match_pairs') }}

),

promising as (

    select record_key_a as record_key from weighed where weight > -15
    union
    select record_key_b as record_key from weighed where weight > -15

)

select
    weighed.record_key_a as a,
    weighed.record_key_b as b,
    weighed.weight,
    repeats.record_key is not null as is_repeat
from weighed
inner join promising as one on weighed.record_key_a = one.record_key
inner join promising as other on weighed.record_key_b = other.record_key
left join {{ ref('int_identity__match_repeats') }} as repeats on weighed.record_key_b = repeats.record_key
