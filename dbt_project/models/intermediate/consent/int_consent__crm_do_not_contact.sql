{{ config(materialized='view') }}

select 'crm:contact:' || contact_id as record_key
from {{ ref('int_crm__contact_versions') }}
where is_current and is_do_not_contact
