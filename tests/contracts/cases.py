"""Every destination there is. A new one is a line in `DESTINATIONS`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from reverse_etl.destinations.connector import Connector, Target
from reverse_etl.destinations.sandbox_ads import CONNECTOR as SANDBOX_ADS
from reverse_etl.destinations.sandbox_esp import CONNECTOR as SANDBOX_ESP
from reverse_etl.destinations.sandbox_sms import CONNECTOR as SANDBOX_SMS
from tests.contracts.case import Case, Fields, email, person, phone
from tests.contracts.fakes.csv_files import CASES as CSV_FILES
from tests.contracts.fakes.google_data_manager import CASE as GOOGLE_DATA_MANAGER
from tests.contracts.fakes.klaviyo import CASE as KLAVIYO
from tests.contracts.fakes.mailchimp import CASE as MAILCHIMP
from tests.contracts.fakes.meta import CASE as META
from tests.contracts.fakes.postgres import CASE as POSTGRES
from tests.contracts.fakes.smtp import CASE as SMTP
from tests.contracts.fakes.twilio import CASE as TWILIO
from tests.contracts.fakes.unisender_go import CASE as UNISENDER_GO
from tests.contracts.fakes.webhook import CASE as WEBHOOK
from tests.contracts.tools import sandbox_tool
from tests.doubles.served import KEYS


def _hashes(number: int) -> Fields:
    return {"email_sha256": f"{number:064x}", "phone_sha256": None}


def _sandbox(
    name: str,
    connector: Connector,
    list_name: str,
    key: Callable[[int], str],
    fields: Callable[[int], Fields],
    bad: tuple[str, Fields],
    personal: list[str],
) -> Case:
    serve = partial(sandbox_tool, name, list_name)
    return Case(f"sandbox_{name}", connector, serve, Target(list_name), key, fields, bad, KEYS[name], personal)


_NO_HASH = {"email_sha256": "x", "phone_sha256": None}

DESTINATIONS = [
    _sandbox("esp", SANDBOX_ESP, "newsletter", email, person, ("not-an-address", person(0)), ["anna", "Anna"]),
    _sandbox("sms", SANDBOX_SMS, "cart-reminder", phone, person, ("12", person(0)), ["+49151", "Anna"]),
    _sandbox("ads", SANDBOX_ADS, "champions", str, _hashes, ("9", _NO_HASH), ["0000000"]),
    POSTGRES,
    KLAVIYO,
    MAILCHIMP,
    SMTP,
    TWILIO,
    UNISENDER_GO,
    WEBHOOK,
    GOOGLE_DATA_MANAGER,
    META,
    *CSV_FILES,
]
