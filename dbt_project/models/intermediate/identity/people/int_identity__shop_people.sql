{{ config(materialized='view') }}

{{ match_people(
    relation=ref('stg_shop__order_lines'),
    source_name='shop',
    record_key="'shop:account:' || account_id",
    attributes={'full_name': 'customer_name', 'email': 'email', 'phone': 'phone', 'city': 'city', 'postcode': 'postcode'},
    observed_at='updated_at',
    where='line_no = 1 and account_id is not null',
) }}
