with shown as (

    select
        record_key,
        identifier_type,
        count(distinct identifier_value) as shown_values,
        max(case when least_name_key < name_key then 2 else 1 end) as shown_names
    from {{ ref('int_identity__observations') }}
    group by record_key, identifier_type

)

select
    record_key,
    min(coalesce(identifier_type, 'name')) as shows_several
from shown
where
    1 = 0
    {%- for declared in var('identity').shared_records %}
    or (
        record_key like '{{ declared.records }}'
        {%- if declared.get('identifier') %}
        and identifier_type = '{{ declared.identifier }}'
        and shown_values > {{ declared.max_values }}
        {%- else %}
        and identifier_type is null
        and shown_names > 1
        {%- endif %}
    )
    {%- endfor %}
group by record_key
