{{ config(materialized='view') }}

{{ match_people(
    relation=ref('int_crm__contact_versions'),
    source_name='crm',
    record_key="'crm:contact:' || contact_id",
    attributes={'full_name': 'full_name', 'birth_date': 'birth_date', 'email': 'email', 'phone': 'phone', 'city': 'city'},
    observed_at='updated_at',
    where='is_current',
    deleted='is_deleted',
) }}
