{{ config(materialized='view') }}

select
    product_id,
    department,
    product_category
from {{ ref('stg_catalog__products') }}
