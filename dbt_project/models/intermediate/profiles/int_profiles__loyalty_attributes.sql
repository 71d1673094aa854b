{{ config(materialized='view') }}

{{ profile_attributes(
    relation=ref('stg_loyalty__members'),
    source_name='loyalty',
    record_key="'loyalty:card:' || card_number",
    attributes={
        'full_name': "first_name || ' ' || last_name",
        'first_name': 'first_name',
        'last_name': 'last_name',
        'birth_date': 'birth_date',
        'gender': 'gender',
        'city': 'city',
        'postcode': 'postcode',
    },
    observed_at='updated_at',
    verified={'full_name': 'true', 'first_name': 'true', 'last_name': 'true', 'birth_date': 'true'},
) }}
