select distinct records.customer_id
from {{ ref('int_crm__contact_versions') }} as contacts
inner join {{ ref('int_identity__records') }} as records
    on records.record_key = 'crm:contact:' || contacts.contact_id
where contacts.is_current and contacts.is_do_not_contact
