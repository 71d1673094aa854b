with contributions as (

    {{ union_contributions('do_not_contact_sources', 'int_consent__%_do_not_contact', {'record_key': 'varchar'}) }}

)

select distinct records.customer_id
from contributions
inner join {{ ref('int_identity__records') }} as records on contributions.record_key = records.record_key
