select
    file,
    to_json({
        event_id: event_id,
        address_kind: address_kind,
        address: address,
        purpose: purpose,
        channel: channel,
        action: action,
        occurred_at: strftime(occurred_at, '%Y-%m-%dT%H:%M:%SZ'),
        form: form,
        text_version: text_version
    }) as line
from due
