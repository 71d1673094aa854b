{%- set steps = ['do not contact', 'no address', 'no consent', 'suppressed', 'frequency cap', 'another audience', 'held out'] -%}

select
    cast(definitions.audience_name as varchar) as audience_name,
    cast(count(verdicts.customer_id) as bigint) as in_segment,
    {%- for step in steps %}
    cast(sum(case when verdicts.fell_at = '{{ step }}' then 1 else 0 end) as bigint) as {{ step | replace(' ', '_') }},
    {%- endfor %}
    cast(sum(case when verdicts.is_member then 1 else 0 end) as bigint) as members
from {{ ref('int_audiences__definitions') }} as definitions
left join {{ ref('int_audiences__verdicts') }} as verdicts on definitions.audience_name = verdicts.audience_name
group by definitions.audience_name
