{{ config(materialized='view') }}

select
    product_id,
    department,
    product_category,
    brand
from {{ ref('stg_catalog__products') }}
