{{ config(materialized='view') }}

{{ identity_observations(
    relation=ref('int_crm__contact_versions'),
    source_name='crm',
    record_key="'crm:contact:' || contact_id",
    identifiers={
        'email': 'case when is_current then email end',
        'phone': 'case when is_current then phone end',
        'card': 'case when is_current then card_number end',
    },
    name='case when is_current then full_name end',
    observed_at='updated_at',
    deleted='is_deleted',
    replaces='true',
) }}
