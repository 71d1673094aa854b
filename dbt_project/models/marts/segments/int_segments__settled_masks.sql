-- depends_on: {{ ref('fct_segment_memberships') }}

-- As many words as there are today.
select masks.* -- noqa: AM04
from {{ ref('int_segments__masks') }} as masks
