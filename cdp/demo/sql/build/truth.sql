-- The true person behind each record that shows who it is about; nothing a model may read.
create or replace table truth as
select
    'shop:account:' || account_id as record_key,
    accounts.person_id,
    if(uses_other_email, other_email, email) as email_raw
from accounts
join persons using (person_id)
union all
select 'shop:guest_order:' || order_id, person_id, email from orders where account_id is null
union all
select 'loyalty:card:' || card_number, any_value(person_id), arg_min(coalesce(email, ''), version)
from members
group by card_number
union all
select 'crm:contact:' || contact_id, contact_versions.person_id, arg_min(coalesce(email, ''), updated_at)
from stage_crm
join contact_versions using (contact_id)
group by contact_id, contact_versions.person_id
union all
select 'support:ticket:' || ticket_id, person_id, if(channel = 'phone', null, email) from tickets
union all
-- A cookie that never signed in nor ordered leaves nothing to be recognised by.
select 'web:cookie:' || anonymous_id, any_value(person_id), min(email)
from sessions
where device <> 'tablet' and (identifies or kind = 'order')
group by anonymous_id
union all
select 'pos:receipt:' || receipt_id, person_id, null from receipts where card_number is null and phone is not null;
