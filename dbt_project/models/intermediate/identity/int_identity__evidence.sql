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

pair_rules as (

    select
        '' as decided_by,
        0 as tier,
        '' as rule
    where 1 = 0
    {%- for tier in var('identity').tiers %}
    {%- set number = loop.index %}
    {%- for rule in tier.rules if rule.get('pairs') %}
    union all
    select
        '{{ rule.pairs }}' as decided_by,
        {{ number }} as tier,
        '{{ rule.name }}' as rule
    {%- endfor %}
    {%- endfor %}

),

paired as (

    select
        pairs.hub,
        pairs.confidence,
        pairs.suppression_reason,
        nodes.node_id,
        coalesce(rules.tier, 0) as tier,
        coalesce(rules.rule, 'never_link') as rule
    from {{ ref('int_identity__pairs') }} as pairs
    inner join {{ ref('int_identity__nodes') }} as nodes on pairs.record_key = nodes.record_key
    left join pair_rules as rules on pairs.decided_by = rules.decided_by and pairs.suppression_reason is null
    where rules.rule is not null or pairs.suppression_reason is not null

),

-- One row per rule that an identifier of a type comes under; a record by itself has no type.
value_rules as (

    select
        '' as identifier_type,
        0 as tier,
        'record' as rule,
        cast(null as double precision) as confidence,
        false as is_with_name
    {%- for tier in var('identity').tiers %}
    {%- set number = loop.index %}
    {%- for rule in tier.rules if rule.get('identifier') %}
    union all
    select
        '{{ rule.identifier }}' as identifier_type,
        {{ number }} as tier,
        '{{ rule.name }}' as rule,
        cast({{ rule.get('confidence', 1.0) }} as double precision) as confidence,
        {{ 'true' if rule.get('with_name') else 'false' }} as is_with_name
    {%- endfor %}
    {%- endfor %}

),

shown as (

    select
        observed.*,
        rules.tier,
        rules.rule,
        rules.confidence,
        case
            when observed.identifier_type is null then ''
            when rules.is_with_name then observed.identifier_value || ' ' || observed.name_key
            else observed.identifier_value
        end as hub
    from observed
    inner join value_rules as rules on coalesce(observed.identifier_type, '') = rules.identifier_type
    where not rules.is_with_name or observed.name_key is not null

)

select
    node_id,
    tier,
    rule,
    hub,
    false as is_pairwise,
    name_key is not null as is_named,
    identifier_type,
    identifier_value,
    confidence,
    source_name,
    first_seen_at,
    last_seen_at,
    times_observed,
    suppression_reason,
    _last_arrival
from shown

union all

select
    node_id,
    tier,
    rule,
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
