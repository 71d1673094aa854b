{{ config(materialized='view') }}

{{ profile_attributes(
    relation=ref('stg_support__tickets'),
    source_name='support',
    record_key="'support:ticket:' || ticket_id",
    attributes={'full_name': 'requester_name'},
    observed_at='updated_at',
) }}
