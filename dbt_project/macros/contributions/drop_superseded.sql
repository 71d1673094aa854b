{# Customers that a merge dissolved leave a table that is kept from build to build, in the same build. #}
{% macro drop_superseded() -%}
    delete from {{ this }} where customer_id not in (select records.customer_id from {{ ref('int_identity__records') }} as records)
{%- endmacro %}
