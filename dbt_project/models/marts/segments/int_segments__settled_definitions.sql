-- depends_on: {{ ref('int_segments__settled_masks') }}

select
    segment_name,
    word,
    bit,
    bit_value,
    fingerprint
from {{ ref('int_segments__definitions') }}
