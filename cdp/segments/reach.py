"""Why an audience does, or does not, reach a customer: the rule of its segment, then each step of its funnel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from cdp.declarations.audiences import Audience
from cdp.declarations.experiments import HOLDOUT
from cdp.declarations.segments import Segment
from cdp.errors import CdpError
from cdp.segments.explain import Reason, explain_membership
from cdp.warehouse.port import Reader

CANDIDATES, VERDICTS, DEFINITIONS = "int_audiences__candidates", "int_audiences__verdicts", "int_audiences__definitions"
Row = Mapping[str, Any]


def explain_reach(
    reader: Reader, segments: Mapping[str, Segment], audience: Audience, customer_id: int
) -> list[Reason]:
    """The segment with its whole rule, then the steps up to the first that does not hold; a member passes all of them.

    Raises CdpError where the published generation has no such audience or customer.
    """
    definition = _published(reader, audience)
    rule = explain_membership(reader, segments, segments[audience.segment], customer_id)
    verdict = _verdict(reader, audience, customer_id)
    reasons = [Reason(0, f"in segment {audience.segment}", None, verdict is not None)]
    reasons += [replace(reason, depth=reason.depth + 1) for reason in rule]
    for step in _steps(reader, audience, definition, verdict) if verdict else ():
        reasons.append(step)
        if not step.holds:
            break
    return reasons


def _published(reader: Reader, audience: Audience) -> Row:
    rows = _rows(reader, f"select * from {reader.relation(DEFINITIONS)} where audience_name = ?", audience.name)
    if not rows:
        raise CdpError(
            f"the published generation has no audience `{audience.name}` yet.",
            remedy="Run `cdp compile`, then `cdp run`.",
        )
    return rows[0]


def _verdict(reader: Reader, audience: Audience, customer_id: int) -> Row | None:
    query = f"select * from {reader.relation(VERDICTS)} where audience_name = ? and customer_id = ?"
    rows = _rows(reader, query, audience.name, customer_id)
    return rows[0] if rows else None


def _rows(reader: Reader, query: str, *parameters: str | int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = reader.query(query, list(parameters)).read_all().to_pylist()
    return rows


def _steps(reader: Reader, audience: Audience, definition: Row, verdict: Row) -> Iterator[Reason]:
    """Every step that the published audience has, in the order in which it is taken."""
    yield from _addresses(reader, audience, definition, verdict)
    if definition["cap_messages"]:
        asked = f"got fewer than {definition['cap_messages']} messages in the last {definition['cap_hours']} hours"
        yield Reason(0, asked, verdict["messages_count"], verdict["is_below_cap"])
    if group := definition["priority_group"]:
        taken = None if verdict["is_first_choice"] else _taken_by(reader, group, verdict["customer_id"])
        yield Reason(0, f"no other audience of {group} goes first", taken, verdict["is_first_choice"])
    if definition["experiment"]:
        yield Reason(0, "is not held out", verdict["variant"], verdict["variant"] != HOLDOUT)


def _addresses(reader: Reader, audience: Audience, definition: Row, verdict: Row) -> Iterator[Reason]:
    """The steps that leave fewer addresses; the value is how many."""
    query = f"select * from {reader.relation(CANDIDATES)} where audience_name = ? and customer_id = ?"
    left: list[dict[str, Any]] = _rows(reader, query, audience.name, verdict["customer_id"])
    agreed = f"agreed to {definition['message_class']} messages for {definition['purpose']} there"
    steps: tuple[tuple[str, Callable[[Row], bool]], ...] = (
        ("may be contacted at all", lambda candidate: not candidate["is_do_not_contact"]),
        (f"has an address for {definition['channel']}", lambda candidate: candidate["has_address"]),
        (agreed, lambda candidate: candidate["is_consented"]),
        ("the address is not suppressed", lambda candidate: not candidate["is_suppressed"]),
    )
    for asked, passes in steps:
        left = [candidate for candidate in left if passes(candidate)]
        count = sum(candidate["has_address"] for candidate in left)
        yield Reason(0, asked, f"{count} address{'' if count == 1 else 'es'}" if count else None, bool(left))


def _taken_by(reader: Reader, group: str, customer_id: int) -> str | None:
    """The audience of the group that the customer is in, or held out of."""
    query = (
        f"select d.audience_name from {reader.relation(DEFINITIONS)} as d "
        f"inner join {reader.relation(VERDICTS)} as v on v.audience_name = d.audience_name "
        "where d.priority_group = ? and v.customer_id = ? and v.is_reachable and v.is_below_cap and v.is_first_choice"
    )
    rows = _rows(reader, query, group, customer_id)
    return rows[0]["audience_name"] if rows else None
