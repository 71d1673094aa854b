-- Rows of the real data that belong to nobody: staged once per world.
create or replace view stage_products as
select
    first_day() as delivered_on,
    'catalog/products_20170101.parquet' as file,
    product_id as position,
    product_id,
    manufacturer_id,
    department,
    brand,
    product_category,
    product_type,
    package_size
from read_parquet(getvariable('real_rows') || '/products.parquet');

create or replace view stage_campaigns as
select
    first_day() as delivered_on,
    'marketing/campaigns_20170101.parquet' as file,
    campaign_id as position,
    campaign_id,
    campaign_type,
    cast(start_date as date) as starts_on,
    cast(end_date as date) as ends_on
from read_parquet(getvariable('real_rows') || '/campaign_descriptions.parquet');
