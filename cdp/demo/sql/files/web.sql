-- One line per message in the Segment spec; a malformed one breaks off in the middle.
with messages as (
    select
        file,
        is_malformed,
        cast(to_json({
            messageId: message_id,
            type: type,
            event: event,
            anonymousId: anonymous_id,
            userId: user_id,
            timestamp: strftime(sent_at, '%Y-%m-%dT%H:%M:%SZ'),
            properties: if(
                type = 'identify', null,
                {
                    product_id: product_id,
                    cart_id: cart_id,
                    order_id: order_id,
                    value: value,
                    currency: if(value is null, null, 'USD'),
                    url: 'https://shop.example' || if(product_id is null, '/', '/p/' || product_id)
                }
            ),
            traits: if(type = 'identify', {email: email, phone: phone, name: name}, null),
            context: {
                app: if(device = 'app', {name: 'shop', version: '4.2'}, null),
                device: {id: device_id, type: device},
                page: if(device = 'app', null, {path: if(product_id is null, '/', '/p/' || product_id)}),
                clientId: client_id,
                library: {name: if(device = 'app', 'analytics-mobile', 'analytics.js')}
            }
        }) as varchar) as message
    from due
)

select file, if(is_malformed, left(message, length(message) // 2), message) as line
from messages
