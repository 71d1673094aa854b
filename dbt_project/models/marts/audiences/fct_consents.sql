select
    address_kind,
    address,
    purpose,
    channel,
    message_class,
    is_granted,
    decided_at,
    lawful_basis,
    source_name,
    form,
    text_version,
    text_sha256,
    locale,
    event_id
from {{ consent_as_of(as_of()) }} as standing
