{{ config(materialized='view') }}

{{ profile_attributes(
    relation=ref('stg_shop__orders'),
    source_name='shop',
    record_key="'shop:customer:' || email",
    attributes={
        'full_name': "first_name || ' ' || last_name",
        'first_name': 'first_name',
        'last_name': 'last_name',
        'city': 'city',
    },
    observed_at='ordered_at',
    where='email is not null',
) }}
