{{ config(materialized='view') }}

with observed as (

    select
        observations.*,
        nodes.node_id,
        case
            when observations.is_deleted then 'deleted record'
            when shared_records.record_key is not null then 'shared record'
            when exists (
                select 1
                from {{ ref('identifier_block_list') }} as blocked
                where
                    blocked.identifier_type = observations.identifier_type
                    and observations.identifier_value like blocked.pattern
            ) then 'blocked value'
        end as suppression_reason
    from {{ ref('int_identity__observations') }} as observations
    inner join {{ ref('int_identity__nodes') }} as nodes on observations.record_key = nodes.record_key
    left join {{ ref('int_identity__shared_records') }} as shared_records
        on observations.record_key = shared_records.record_key

),

paired as (

    select
        pairs.decided_by,
        pairs.hub,
        pairs.confidence,
        pairs.suppression_reason,
        nodes.node_id
    from {{ ref('int_identity__pairs') }} as pairs
    inner join {{ ref('int_identity__nodes') }} as nodes
        on pairs.record_key = nodes.record_key

)

{% for tier in var('identity').tiers %}
{%- set number = loop.index %}
{%- for rule in tier.rules %}
select
    node_id,
    {{ number }} as tier,
    '{{ rule.name }}' as rule,
    {%- if rule.get('pairs') %}
    hub,
    true as is_pairwise,
    false as is_named,
    cast(null as varchar) as identifier_type,
    cast(null as varchar) as identifier_value,
    confidence,
    cast(null as varchar) as source_name,
    cast(null as timestamp) as first_seen_at,
    cast(null as timestamp) as last_seen_at,
    cast(null as bigint) as times_observed,
    suppression_reason,
    cast(null as bigint) as _last_arrival
from paired
where decided_by = '{{ rule.pairs }}' and suppression_reason is null
    {%- else %}
    identifier_value{% if rule.get('with_name') %} || ' ' || name_key{% endif %} as hub,
    false as is_pairwise,
    name_key is not null as is_named,
    identifier_type,
    identifier_value,
    cast({{ rule.get('confidence', 1.0) }} as double precision) as confidence,
    source_name,
    first_seen_at,
    last_seen_at,
    times_observed,
    suppression_reason,
    _last_arrival
from observed
where identifier_type = '{{ rule.identifier }}'{% if rule.get('with_name') %} and name_key is not null{% endif %}
    {%- endif %}

union all

{% endfor %}
{%- endfor %}
select
    node_id,
    0 as tier,
    'never_link' as rule,
    hub,
    true as is_pairwise,
    false as is_named,
    cast(null as varchar) as identifier_type,
    cast(null as varchar) as identifier_value,
    confidence,
    cast(null as varchar) as source_name,
    cast(null as timestamp) as first_seen_at,
    cast(null as timestamp) as last_seen_at,
    cast(null as bigint) as times_observed,
    suppression_reason,
    cast(null as bigint) as _last_arrival
from paired
where suppression_reason is not null

union all

select distinct
    node_id,
    0 as tier,
    'record' as rule,
    '' as hub,
    false as is_pairwise,
    name_key is not null as is_named,
    cast(null as varchar) as identifier_type,
    cast(null as varchar) as identifier_value,
    cast(null as double precision) as confidence,
    source_name,
    cast(null as timestamp) as first_seen_at,
    cast(null as timestamp) as last_seen_at,
    cast(null as bigint) as times_observed,
    cast(null as varchar) as suppression_reason,
    _last_arrival
from observed
where identifier_type is null
