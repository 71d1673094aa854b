{{ config(materialized='view') }}

{{ profile_attributes(
    relation=ref('stg_web__events'),
    source_name='web',
    record_key="'web:cookie:' || anonymous_id",
    attributes={'full_name': 'person_name'},
    observed_at='sent_at',
    where="message_type = 'identify'",
) }}
