select
    comparison,
    level,
    m,
    u,
    household,
    {{ log2('m / u') }} as match_weight,
    {{ log2('household / u') }} as household_weight,
    -- A level that training has not seen (m = u) says nothing, however rare the term.
    case when m <> u then {{ log2('u') }} end as log2_u
from {{ ref('match_weights') }}
