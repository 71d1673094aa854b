{{ config(materialized='incremental', unique_key='order_id', incremental_strategy='delete+insert') }}

with touched as (

    select distinct order_id
    from {{ ref('fct_order_lines') }}
    where {{ is_new() }}
    {% if is_incremental() %}
    union
    select known.order_id
    from {{ this }} as known
    left join {{ ref('int_identity__records') }} as records on known.record_key = records.record_key
    where known.record_key is not null and coalesce(known.customer_id, -1) <> coalesce(records.customer_id, -1)
    {% endif %}

),

totals as (

    select
        lines.order_id,
        max(lines.record_key) as record_key,
        min(lines.channel) as channel,
        max(case when lines.line_type = 'sale' then lines.status end) as status,
        min(case when lines.line_type = 'sale' then lines.store_id end) as store_id,
        min(case when lines.line_type = 'sale' then lines.occurred_at end) as ordered_at,
        min(case when lines.line_type = 'return' then lines.occurred_at end) as first_returned_at,
        max(lines.updated_at) as updated_at,
        min(lines.currency) as currency,
        sum(case when lines.line_type = 'sale' then 1 else 0 end) as lines_count,
        sum(case when lines.line_type = 'return' then 1 else 0 end) as returned_lines_count,
        sum(case when lines.line_type = 'sale' then lines.amount_cents else 0 end) as gross_cents,
        sum(case when lines.line_type = 'return' then lines.amount_cents else 0 end) as returned_cents,
        sum(case when lines.line_type = 'sale' then lines.discount_cents else 0 end) as discount_cents,
        sum(case when lines.line_type = 'sale' then lines.coupon_discount_cents else 0 end) as coupon_discount_cents,
        max(lines._arrival) as _arrival
    from {{ ref('fct_order_lines') }} as lines
    inner join touched on lines.order_id = touched.order_id
    group by lines.order_id

)

select
    cast(totals.order_id as varchar) as order_id,
    cast(records.customer_id as bigint) as customer_id,
    cast(totals.record_key as varchar) as record_key,
    cast(totals.channel as varchar) as channel,
    cast(coalesce(totals.status, 'placed') as varchar) as status,
    cast(totals.store_id as bigint) as store_id,
    cast(totals.currency as varchar) as currency,
    cast(totals.lines_count as bigint) as lines_count,
    cast(totals.returned_lines_count as bigint) as returned_lines_count,
    cast(totals.gross_cents as bigint) as gross_cents,
    cast(totals.returned_cents as bigint) as returned_cents,
    cast(case when totals.status = 'cancelled' then 0 else totals.gross_cents + totals.returned_cents end as bigint) as net_cents,
    cast(totals.discount_cents as bigint) as discount_cents,
    cast(totals.coupon_discount_cents as bigint) as coupon_discount_cents,
    totals.ordered_at,
    totals.first_returned_at,
    totals.updated_at,
    cast(totals._arrival as bigint) as _arrival
from totals
left join {{ ref('int_identity__records') }} as records on totals.record_key = records.record_key
where totals.ordered_at is not null
