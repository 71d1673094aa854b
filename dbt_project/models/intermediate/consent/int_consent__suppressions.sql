{%- set columns = {'address_kind': 'varchar', 'address': 'varchar', 'reason': 'varchar', 'occurred_at': 'timestamp'} -%}

with contributions as (

    {{ union_contributions('suppression_sources', 'int_consent__%_suppressions', columns) }}

)

select
    address_kind,
    address,
    min(reason) as reason,
    min(occurred_at) as suppressed_at
from contributions
group by address_kind, address
