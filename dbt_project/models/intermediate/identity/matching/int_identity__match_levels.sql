{{ config(
    materialized='incremental', incremental_strategy='append', on_schema_change='sync_all_columns', pre_hook='{{ forget_outdated_levels() }}'
) }}

with pairs as (

    select
        candidates.record_key_a,
        candidates.record_key_b,
        candidates.comparison_hash,
        {%- for column in match_columns() %}
        one.{{ column }} as {{ column }}_l,
        other.{{ column }} as {{ column }}_r{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_identity__match_candidates') }} as candidates
    inner join {{ ref('int_identity__match_records') }} as one on candidates.record_key_a = one.record_key
    inner join {{ ref('int_identity__match_records') }} as other on candidates.record_key_b = other.record_key
    {% if is_incremental() %}
    where not exists (
        select 1
        from {{ this }} as known
        where
            known.record_key_a = candidates.record_key_a
            and known.record_key_b = candidates.record_key_b
            and known.comparison_hash = candidates.comparison_hash
    )
    {% endif %}

)

select
    record_key_a,
    record_key_b,
    comparison_hash
    {%- for name, comparison in var('match_model').comparisons.items() %},
    {{ match_level(comparison) }} as {{ name }}_level
    {%- endfor %}
from pairs
