{{ config(materialized='incremental', unique_key='order_line_id', incremental_strategy='delete+insert') }}

{%- set columns = {
    'order_line_id': 'varchar', 'order_id': 'varchar', 'record_key': 'varchar', 'channel': 'varchar', 'line_type': 'varchar',
    'status': 'varchar', 'store_id': 'bigint', 'product_id': 'bigint', 'quantity': 'bigint', 'amount_cents': 'bigint',
    'discount_cents': 'bigint', 'coupon_discount_cents': 'bigint', 'currency': 'varchar', 'occurred_at': 'timestamp',
    'updated_at': 'timestamp', '_arrival': 'bigint',
} %}

with arrived as (

    {{ union_contributions('order_sources', 'int_orders__%_lines', columns, condition=is_new()) }}

),

versions as (

    select
        *,
        row_number() over (partition by order_line_id order by updated_at desc, _arrival desc) as recency
    from arrived

)

select
    versions.order_line_id,
    versions.order_id,
    versions.record_key,
    versions.channel,
    versions.line_type,
    versions.status,
    versions.store_id,
    versions.product_id,
    versions.quantity,
    versions.amount_cents,
    versions.discount_cents,
    versions.coupon_discount_cents,
    versions.currency,
    versions.occurred_at,
    versions.updated_at,
    versions._arrival
from versions
where
    versions.recency = 1
    {% if is_incremental() %}
    and not exists (
        select 1
        from {{ this }} as known
        where known.order_line_id = versions.order_line_id and known.updated_at > versions.updated_at
    )
    {% endif %}
