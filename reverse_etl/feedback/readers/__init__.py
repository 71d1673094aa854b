"""How tools report, one module each: what they sign, and what their words mean."""

from __future__ import annotations

from reverse_etl.feedback.readers import klaviyo, standard_webhooks, twilio, unisender_go
from reverse_etl.feedback.words import Reader

# By connector type. The tools of the sandbox report as a webhook does.
READERS: dict[str, Reader] = {
    "klaviyo": klaviyo.READER,
    "sandbox_ads": standard_webhooks.READER,
    "sandbox_esp": standard_webhooks.READER,
    "sandbox_sms": standard_webhooks.READER,
    "twilio": twilio.READER,
    "unisender_go": unisender_go.READER,
    "webhook": standard_webhooks.READER,
}
