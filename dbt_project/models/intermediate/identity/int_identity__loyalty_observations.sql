{{ config(materialized='view') }}

{{ identity_observations(
    relation=ref('stg_loyalty__members'),
    source_name='loyalty',
    record_key="'loyalty:card:' || card_number",
    identifiers={'email': 'email', 'phone': 'phone', 'card': 'card_number'},
    name="first_name || ' ' || last_name",
    observed_at='updated_at',
) }}
