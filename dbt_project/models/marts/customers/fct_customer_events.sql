{{ config(materialized='incremental', unique_key='event_id', incremental_strategy='delete+insert') }}

{%- set columns = {
    'event_id': 'varchar', 'record_key': 'varchar', 'event_type': 'varchar', 'occurred_at': 'timestamp', 'value_cents': 'bigint',
    'currency': 'varchar', 'channel': 'varchar', 'subject': 'varchar', 'source_table': 'varchar', '_arrival': 'bigint',
} %}

with arrived as (

    {{ union_contributions('event_sources', 'int_events__%', columns, condition=is_new()) }}
    union all
    select
        'order:' || order_id as event_id,
        record_key,
        case when status = 'cancelled' then 'order_cancelled' else 'order_placed' end as event_type,
        ordered_at as occurred_at,
        gross_cents as value_cents,
        currency,
        channel,
        order_id as subject,
        'fct_orders' as source_table,
        _arrival
    from {{ ref('fct_orders') }}
    where {{ is_new() }}
    union all
    select
        'return:' || order_line_id as event_id,
        record_key,
        'item_returned' as event_type,
        occurred_at,
        amount_cents as value_cents,
        currency,
        channel,
        order_id as subject,
        'fct_order_lines' as source_table,
        _arrival
    from {{ ref('fct_order_lines') }}
    where line_type = 'return' and {{ is_new() }}
    {% if is_incremental() %}
    union all
    select
        {%- for column in columns %}
        known.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ this }} as known
    left join {{ ref('int_events__owners') }} as owners on known.record_key = owners.record_key
    where coalesce(known.customer_id, -1) <> coalesce(owners.customer_id, -1)
    {% endif %}

),

versions as (

    select
        *,
        row_number() over (partition by event_id order by _arrival desc) as recency
    from arrived

)

select
    cast(versions.event_id as varchar) as event_id,
    cast(owners.customer_id as bigint) as customer_id,
    cast(versions.record_key as varchar) as record_key,
    cast(versions.event_type as varchar) as event_type,
    versions.occurred_at,
    cast(versions.value_cents as bigint) as value_cents,
    cast(versions.currency as varchar) as currency,
    cast(versions.channel as varchar) as channel,
    cast(versions.subject as varchar) as subject,
    cast(versions.source_table as varchar) as source_table,
    cast(versions._arrival as bigint) as _arrival
from versions
left join {{ ref('int_events__owners') }} as owners on versions.record_key = owners.record_key
where versions.recency = 1
