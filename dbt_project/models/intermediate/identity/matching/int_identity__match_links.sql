select
    pairs.record_key_a,
    pairs.record_key_b,
    pairs.link_weight,
    pairs.link_probability,
    greatest(one.pass, other.pass) as pass,
    case
        when pairs.link_probability >= 0.999 then 'certain'
        when pairs.link_probability >= 0.95 then 'likely'
        else 'possible'
    end as band
from {{ ref('int_identity__match_pairs') }} as pairs
inner join {{ ref('int_identity__match_clusters') }} as one on pairs.record_key_a = one.record_key
inner join {{ ref('int_identity__match_clusters') }} as other
    on pairs.record_key_b = other.record_key and one.cluster_key = other.cluster_key
