{# What is wrong with a hand-written model of a segment, a row each: of `customer_id` there is one per customer, and nobody else's. #}
{% macro lists_customers(model) -%}
    {%- set columns = adapter.get_columns_in_relation(model) if execute else [] -%}
    {%- set keys = columns | selectattr('name', 'equalto', 'customer_id') | list -%}
    {%- if columns and not (keys and keys[0].is_integer()) -%}
    select 'customer_id is missing, or no whole number' as complaint
    {%- else -%}
    select 'several rows of one customer' as complaint
    from {{ model }}
    where customer_id is not null
    group by customer_id
    having count(*) > 1

    union all

    select 'no such customer' as complaint
    from {{ model }} as listed
    left join {{ ref('dim_customer_traits') }} as traits on listed.customer_id = traits.customer_id
    where traits.customer_id is null
    {%- endif -%}
{%- endmacro %}
