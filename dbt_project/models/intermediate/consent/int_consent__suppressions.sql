{%- set columns = {'address_kind': 'varchar', 'address': 'varchar', 'reason': 'varchar', 'occurred_at': 'timestamp'} -%}

with contributions as (

    {{ union_contributions('suppression_sources', 'int_consent__%_suppressions', columns) }}

),

suppressed as (

    select * from contributions

    union all

    select
        address_kind,
        address,
        reason,
        listed_at as occurred_at
    from {{ ref('int_consent__listed_addresses') }}
    where reason <> 'unsubscribed'

),

graded as (

    select
        *,
        case reason when 'erased' then 1 when 'complained' then 2 when 'bounced' then 3 else 4 end as grade
    from suppressed

),

ranked as (

    select
        address_kind,
        address,
        reason,
        min(occurred_at) over (partition by address_kind, address) as suppressed_at,
        row_number() over (partition by address_kind, address order by grade asc, reason asc, occurred_at asc) as place
    from graded

)

select
    address_kind,
    address,
    reason,
    suppressed_at
from ranked
where place = 1
