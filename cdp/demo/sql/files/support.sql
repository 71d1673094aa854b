select
    file,
    to_json({
        ticket_id: ticket_id,
        requester: requester,
        subject: subject,
        channel: channel,
        status: status,
        satisfaction: satisfaction,
        order_id: order_id,
        created_at: strftime(created_at, '%Y-%m-%dT%H:%M:%SZ'),
        updated_at: strftime(updated_at, '%Y-%m-%dT%H:%M:%SZ')
    }) as line
from due
