{#-
    One row per row of a relation whose key is null: `model_name`. `keys`: pairs of a relation and its key.
    A build of a few models asks those that are there.
-#}
{% macro rows_without_key(keys) %}
    {%- set present = [] -%}
    {%- if execute -%}
        {%- for relation, key in keys if load_relation(relation) -%}
            {%- do present.append((relation, key)) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- for relation, key in present %}
select '{{ relation.identifier }}' as model_name
from {{ relation }}
where {{ key }} is null
union all
    {%- endfor %}
select 'none' as model_name
from (select 1 as nothing) as nowhere
where 1 = 0
{% endmacro %}
