select
    source_a,
    source_b,
    m,
    {{ log2('m / (1.0 - m)') }} as match_weight
from {{ ref('match_source_priors') }}
