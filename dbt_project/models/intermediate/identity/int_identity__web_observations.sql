{{ config(materialized='view') }}

{{ identity_observations(
    relation=ref('stg_web__events'),
    source_name='web',
    record_key="'web:cookie:' || anonymous_id",
    identifiers={'email': 'email', 'phone': 'phone', 'account': 'account_id', 'device': 'device_id', 'client_id': 'client_id'},
    name='person_name',
    observed_at='sent_at',
) }}
