select
    file,
    to_json({
        event_id: event_id,
        event: event,
        email: email,
        message_id: message_id,
        campaign: campaign,
        occurred_at: strftime(occurred_at, '%Y-%m-%dT%H:%M:%SZ'),
        url: url,
        reason: reason
    }) as line
from due
