{{ config(materialized='view') }}

{{ match_people(
    relation=ref('stg_loyalty__members'),
    source_name='loyalty',
    record_key="'loyalty:card:' || card_number",
    attributes={
        'given_name': 'first_name',
        'family_name': 'last_name',
        'birth_date': 'birth_date',
        'sex': 'gender',
        'email': 'email',
        'phone': 'phone',
        'city': 'city',
        'postcode': 'postcode',
    },
    observed_at='updated_at',
) }}
