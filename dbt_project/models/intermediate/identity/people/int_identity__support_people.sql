{{ config(materialized='view') }}

{{ match_people(
    relation=ref('stg_support__tickets'),
    source_name='support',
    record_key="'support:ticket:' || ticket_id",
    attributes={'full_name': 'requester_name', 'email': 'email', 'phone': 'phone'},
    observed_at='updated_at',
) }}
