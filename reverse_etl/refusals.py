"""What a tool has refused of a sync's rows, and letting it be tried again as it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from cdp.errors import CdpError
from reverse_etl.declarations import Sync
from reverse_etl.engine.plan import masked
from reverse_etl.engine.words import Verdict
from reverse_etl.receipts import ReceiptsProjection
from reverse_etl.standing import Books, Word, keys_of, restate


@dataclass(frozen=True, slots=True)
class Refusal:
    """Rows that were refused with one code, in the connector's words; `example` is a key, masked."""

    code: str
    reason: str
    rows: int
    since: datetime
    example: str


def refusals(projection: ReceiptsProjection, sync: Sync) -> list[Refusal]:
    """By code, the most frequent first."""
    found = _refused(projection, sync, "").group_by("code")
    grouped = found.aggregate([("reason", "max"), ("key", "count"), ("since", "min"), ("key", "min")])
    return [
        Refusal(row["code"], row["reason_max"], row["key_count"], row["since_min"], masked(row["key_min"]))
        for row in grouped.sort_by([("key_count", "descending")]).to_pylist()
    ]


def try_again(books: Books, sync: Sync, code: str, word: Word) -> int:
    """Let the next run send refused rows again though they have not changed: those of one code, or all; how many.

    Raises CdpError where there are none, BusyError where a run of the sync is at work.
    """
    books.projection.catch_up()
    refused = _refused(books.projection, sync, code)
    if not refused.num_rows:
        with_code = f" with the code `{code}`" if code else ""
        raise CdpError(f"no row of {sync.name} is refused{with_code}.", remedy=f"See: cdp sync rejected {sync.name}")
    restate(books, sync, refused, word)
    return int(refused.num_rows)


def _refused(projection: ReceiptsProjection, sync: Sync, code: str) -> pa.Table:
    keys = keys_of(projection, sync)
    found = keys.filter(pc.equal(keys.column("verdict"), Verdict.REJECTED.value))
    return found.filter(pc.equal(found.column("code"), code)) if code else found
