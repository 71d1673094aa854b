with keyed as (
    {% for columns in var('match_model').blocking %}
    select
        '{{ columns | join(' ') }}' as rule,
        {{ columns | join(" || '|' || ") }} as block_key,
        record_key
    from {{ ref('int_identity__match_records') }}
    where
        {{ columns | join(' is not null and ') }} is not null
        and record_key not in (select repeats.record_key from {{ ref('int_identity__match_repeats') }} as repeats)
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    rule,
    block_key,
    record_key,
    count(*) over (partition by rule, block_key) as records
from keyed
