select
    file,
    to_json({
        event_id: event_id,
        address_kind: address_kind,
        address: address,
        purpose: purpose,
        channel: channel,
        message_class: message_class,
        action: action,
        lawful_basis: lawful_basis,
        occurred_at: strftime(occurred_at, '%Y-%m-%dT%H:%M:%SZ'),
        form: form,
        text_version: text_version,
        text_sha256: text_sha256,
        locale: locale
    }) as line
from due
