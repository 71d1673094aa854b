"""What became of a row whose answer was lost: said by a person who has looked at the tool, or by the tool later."""

from __future__ import annotations

from collections.abc import Set

import pyarrow as pa
import pyarrow.compute as pc

from cdp.errors import CdpError
from reverse_etl.declarations import Sync
from reverse_etl.engine.words import Operation, Verdict
from reverse_etl.receipts import ReceiptsProjection
from reverse_etl.standing import Books, Word, keys_of, restate


def resolve(books: Books, sync: Sync, keys: Set[str], word: Word, *, arrived: bool) -> None:
    """Record whether the tool did what it was asked about `keys`; where it did not, the next plan asks again.

    Raises CdpError where no answer about one of them is missing, BusyError where a run of the sync is at work.
    """
    books.projection.catch_up()
    lost = unresolved(books.projection, sync)
    asked = lost.filter(pc.is_in(lost.column("key"), pa.array(sorted(keys), pa.string())))
    if asked.num_rows < len(keys):
        raise CdpError(f"no answer about this key is missing in {sync.name}.", remedy="See `cdp explain sync`.")
    restate(books, sync, _as_found(asked) if arrived else asked, word)


def unresolved(projection: ReceiptsProjection, sync: Sync) -> pa.Table:
    """The keys of `keys_of` of which nobody knows what became."""
    keys = keys_of(projection, sync)
    return keys.filter(pc.equal(keys.column("verdict"), Verdict.UNKNOWN.value))


def _as_found(lost: pa.Table) -> pa.Table:
    """What stands there, where the tool did what it was asked."""
    was_removal = pc.equal(lost.column("operation"), Operation.REMOVE.value)
    stands = pc.if_else(was_removal, pa.scalar(None, pa.string()), lost.column("asked_hash"))
    return lost.set_column(lost.schema.get_field_index("held_hash"), "held_hash", stands)
