"""Why an audience does, or does not, reach a customer: the steps of its funnel, from the segment to an address."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from cdp.declarations.audiences import Audience
from cdp.declarations.traits import CUSTOMER_KEY
from cdp.errors import CdpError
from cdp.segments.explain import Reason, no_such_customer
from cdp.warehouse.port import Reader

CANDIDATES = "int_audiences__candidates"
Candidate = Mapping[str, bool]


def explain_reach(reader: Reader, audience: Audience, customer_id: int) -> list[Reason]:
    """The steps up to the first that does not hold; the customer is reached where all do.

    `value` is the number of addresses that are left.
    Raises CdpError where the published generation has no such audience or customer.
    """
    _check_published(reader, audience, customer_id)
    reasons: list[Reason] = []
    left = _candidates(reader, audience, customer_id)
    for asked, passes in _steps(audience):
        left = [candidate for candidate in left if passes(candidate)]
        addresses = sum(candidate["has_address"] for candidate in left)
        reasons.append(Reason(0, asked, addresses or None, bool(left)))
        if not left:
            break
    return reasons


def _check_published(reader: Reader, audience: Audience, customer_id: int) -> None:
    if not _has(reader, "int_audiences__definitions", "audience_name", audience.name):
        raise CdpError(
            f"the published generation has no audience `{audience.name}` yet.",
            remedy="Run `cdp compile`, then `cdp run`.",
        )
    if not _has(reader, "dim_customers", CUSTOMER_KEY, customer_id):
        raise no_such_customer(customer_id)


def _has(reader: Reader, model: str, column: str, value: str | int) -> bool:
    query = f"select 1 as found from {reader.relation(model)} where {column} = ?"
    return bool(reader.query(query, [value]).read_all().num_rows)


def _candidates(reader: Reader, audience: Audience, customer_id: int) -> list[Candidate]:
    """One row per address, one without an address where the customer has none, none outside the segment."""
    query = (
        "select has_address, is_consented, is_suppressed, is_do_not_contact "
        f"from {reader.relation(CANDIDATES)} where audience_name = ? and customer_id = ?"
    )
    rows: list[Candidate] = reader.query(query, [audience.name, customer_id]).read_all().to_pylist()
    return rows


def _steps(audience: Audience) -> Iterator[tuple[str, Callable[[Candidate], bool]]]:
    yield f"in segment {audience.segment}", lambda _: True
    yield "may be contacted at all", lambda candidate: not candidate["is_do_not_contact"]
    yield f"has an address for {audience.channel}", lambda candidate: candidate["has_address"]
    yield f"has agreed to {audience.purpose} there", lambda candidate: candidate["is_consented"]
    yield "the address is not suppressed", lambda candidate: not candidate["is_suppressed"]
