{{ config(materialized='view') }}

{{ identity_observations(
    relation=ref('stg_support__tickets'),
    source_name='support',
    record_key="'support:ticket:' || ticket_id",
    identifiers={'email': 'email', 'phone': 'phone'},
    name='requester_name',
    observed_at='updated_at',
    is_transaction='true',
) }}
