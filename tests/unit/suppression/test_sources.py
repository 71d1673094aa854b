"""The demo's e-mail service: what its declaration lists is what its models suppress."""

from __future__ import annotations

from datetime import datetime
from itertools import product

from tests.doubles.dbt_project import REPOSITORY
from tests.doubles.inbox import ndjson
from tests.doubles.models import Models
from tests.unit.suppression.conftest import Keys, ListCompany

EVENTS = ("delivered", "open", "click", "bounce", "spam_report", "unsubscribe")
REASONS = (None, "hard", "soft")
AT = datetime(2024, 5, 1)


def test_declaration_and_models_suppress_the_same(company: ListCompany, keys: Keys) -> None:
    said = [(f"{event}.{str(reason).lower()}@example.com", event, reason) for event, reason in product(EVENTS, REASONS)]
    keys("k1")
    declared = REPOSITORY / "dbt_project/models/staging/esp/_esp__sources.yml"
    company.declare("esp", declared.read_text(encoding="utf-8"))
    rows = [
        {"email": email, "event": event, "reason": reason, "occurred_at": str(AT), "event_id": email}
        | {"message_id": "m", "campaign": "c"}
        for email, event, reason in said
    ]
    company.deliver("esp/1.ndjson", ndjson(rows))
    company.land()

    models = Models(AT)
    columns = "email varchar, event varchar, reason varchar, occurred_at timestamp, event_id varchar, _arrival bigint, "
    staged = [(*each, AT, each[0], number, AT) for number, each in enumerate(said)]
    models.load("stg_esp__events", f"{columns} _loaded_at timestamp", staged)
    models.build("int_consent__esp_suppressions", "int_consent__esp_events")
    suppressed = models.rows("select reason, address from int_consent__esp_suppressions")
    unsubscribed = models.rows("select 'unsubscribed', address from int_consent__esp_events where form = 'unsubscribe'")
    models.close()
    assert company.suppressed() == {*suppressed, *unsubscribed}
    assert len(company.suppressed()) == 7
