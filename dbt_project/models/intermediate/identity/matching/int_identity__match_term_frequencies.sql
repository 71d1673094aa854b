{%- set columns = match_frequency_columns() %}
{% for column in columns %}
select
    '{{ column }}' as column_name,
    {{ column }} as term,
    count(*) as records,
    cast(count(*) as double precision) / sum(count(*)) over () as frequency,
    {{ log2('cast(count(*) as double precision) / sum(count(*)) over ()') }} as log2_frequency
from {{ ref('int_identity__match_records') }}
where {{ column }} is not null
group by {{ column }}
{{ 'union all' if not loop.last }}
{%- endfor %}
