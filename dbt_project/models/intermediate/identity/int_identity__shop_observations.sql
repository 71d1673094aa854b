{{ config(materialized='view') }}

{{ identity_observations(
    relation=ref('stg_shop__order_lines'),
    source_name='shop',
    record_key="case when account_id is null then 'shop:guest_order:' || order_id else 'shop:account:' || account_id end",
    identifiers={'email': 'email', 'phone': 'phone', 'account': 'account_id'},
    name='customer_name',
    observed_at='updated_at',
    where='line_no = 1',
    is_transaction='account_id is null',
) }}
