-- A session becomes its events, in the order page, identify, view, add, checkout, order.
create or replace table web_events as
with steps as (
    select
        *,
        pages + identifies::int as first_view,
        pages + identifies::int + views as first_add,
        pages + identifies::int + views + adds as checkout,
        pages + identifies::int + views + adds + checks_out::int + (kind = 'order')::int as length,
        unnest(range(length)) as step
    from sessions
),

named as (
    select
        *,
        hash(session_key, kind, step) as event_key,
        ends_at - to_seconds((length - 1 - step) * (15 + pick(session_key, 'pace', 60))) as sent_at,
        case
            when step < pages then 'page'
            when step < first_view then 'identify'
            else 'track'
        end as type,
        case
            when step < first_view then null
            when step < first_add then 'Product Viewed'
            when step < checkout then 'Product Added'
            when step = checkout and checks_out then 'Checkout Started'
            else 'Order Completed'
        end as event,
        case
            when step >= first_view and step < first_add then step - first_view
            when step >= first_add and step < checkout then step - first_add
        end as product_place
    from steps
),

basket_products as (
    select basket_key, list({product_id: product_id, amount: amount} order by line_no) as products
    from lines
    where is_shop
    group by basket_key
),

priced as (
    select
        named.*,
        coalesce(products[1 + product_place].product_id, popular_products.product_id) as product_id,
        coalesce(products[1 + product_place].amount, price) as price
    from named
    left join basket_products using (basket_key)
    left join popular_products
        on products is null
        and popular_products.place = cast(floor(pow(draw(session_key + product_place, 'product'), 2)
            * (select count(*) from popular_products)) as bigint)
)

select
    token('message', event_key) as message_id,
    event_key,
    session_key,
    kind,
    person_id,
    type,
    event,
    anonymous_id,
    if(step >= pages, account_id, null) as user_id,
    sent_at,
    case event
        when 'Order Completed' then total
        when 'Checkout Started' then sum(if(event = 'Product Added', price, 0)) over (partition by kind, session_key)
        else price
    end as value,
    product_id,
    if(event in ('Product Added', 'Checkout Started', 'Order Completed'),
        'K' || if(basket_key is null, abs(session_key), basket_key), null) as cart_id,
    if(event = 'Order Completed', order_id, null) as order_id,
    if(type = 'identify', email, null) as email,
    if(type = 'identify', phone, null) as phone,
    if(type = 'identify', customer_name, null) as name,
    device,
    device_id,
    client_id
from priced
where sent_at >= first_day();

create or replace view stage_web as
with written as (
    select *, 0 as copy, sent_at + days_late(event_key) as arrives_at, false as is_malformed from web_events
    union all
    select *, 1, later(sent_at, 60, 90000, event_key, 'resent after'), false
    from web_events where happens(event_key, 'resent')
    union all
    select *, 2, sent_at, true from web_events where happens(event_key, 'malformed_web_lines')
)

select
    delivery_day(arrives_at) as delivered_on,
    day_file('web/', arrives_at, '.ndjson') as file,
    ordered(arrives_at, event_key, copy) as position,
    written.* exclude (event_key, arrives_at, copy)
from written;
