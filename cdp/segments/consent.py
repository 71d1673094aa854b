"""What was allowed at an address at a moment, and how that is known. An address goes in; none comes out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cdp.warehouse.port import Reader

_PERIODS = """
select
    p.purpose, p.channel, p.message_class, p.is_granted, p.decided_at, p.superseded_at, e.landed_at, p.lawful_basis,
    p.source_name, p.form, p.text_version, p.text_sha256, p.locale
from {periods} as p
inner join {events} as e on e.source_name = p.source_name and e.event_id = p.event_id
where p.address = ? and p.decided_at <= ? and (p.superseded_at is null or p.superseded_at > ?)
order by p.purpose, p.channel, p.message_class
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """What held for one purpose, channel and class of messages. `was_known`: its event had landed by then."""

    purpose: str
    channel: str
    message_class: str
    is_granted: bool
    decided_at: datetime
    superseded_at: datetime | None
    was_known: bool
    lawful_basis: str | None
    source: str
    form: str | None
    text_version: str | None
    text_sha256: str | None
    locale: str | None


@dataclass(frozen=True, slots=True)
class ConsentAnswer:
    """`suppressed_for` was true at the moment; `is_do_not_contact` is what the newest build knows."""

    standings: list[Standing]
    suppressed_for: str | None
    is_do_not_contact: bool


def explain_consent(reader: Reader, address: str, at: datetime) -> ConsentAnswer:
    """What stood at `at` (naive UTC) at a normalised address. Whatever is not among the standings was not allowed."""
    periods = _PERIODS.format(
        periods=reader.relation("fct_consent_periods"), events=reader.relation("fct_consent_events")
    )
    suppressed = _rows(
        reader,
        f"select reason from {reader.relation('int_consent__suppressions')} where address = ? and suppressed_at <= ?",
        address,
        at,
    )
    never = reader.relation("int_consent__do_not_contact_addresses")
    return ConsentAnswer(
        standings=[_standing(row, at) for row in _rows(reader, periods, address, at, at)],
        suppressed_for=suppressed[0]["reason"] if suppressed else None,
        is_do_not_contact=bool(_rows(reader, f"select 1 as found from {never} where address = ?", address)),
    )


def _standing(row: dict[str, Any], at: datetime) -> Standing:
    landed_at, source = row.pop("landed_at"), row.pop("source_name")
    return Standing(**row, source=source, was_known=landed_at is not None and landed_at <= at)


def _rows(reader: Reader, query: str, *parameters: str | datetime) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = reader.query(query, list(parameters)).read_all().to_pylist()
    return rows
