{{ config(materialized='view') }}

{{ identity_observations(
    relation=ref('stg_shop__orders'),
    source_name='shop',
    record_key="'shop:customer:' || email",
    identifiers={'email': 'email', 'phone': 'phone'},
    name="first_name || ' ' || last_name",
    observed_at='ordered_at',
    where='email is not null',
) }}
