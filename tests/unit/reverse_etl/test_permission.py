"""Nobody is written to who has opted out between plan and sending, whatever became of earlier tries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdp.address_macros import AddressMacros
from cdp.declarations.addresses import AddressKind
from cdp.landing.lake import Lake, last_arrival
from cdp.store import Store, open_store
from cdp.store.schema import inbound
from cdp.warehouse.port import Generation, KeptGeneration, Reader
from reverse_etl.engine.words import KEY, ROW_HASH, Batch, Counts, Operation, Reply, Status
from reverse_etl.feedback.inbox import Inbox
from reverse_etl.feedback.opt_outs import OptOuts
from reverse_etl.feedback.words import Event, Kind
from reverse_etl.permission import WarehousePermission
from tests.doubles.dbt_project import REPOSITORY
from tests.doubles.engine import Opinion, ScriptedDestination, capabilities
from tests.doubles.moments import MORNING
from tests.doubles.readers import MemoryReader
from tests.doubles.workbench import Workbench


class Killed(BaseException):
    """What a SIGKILL looks like from inside: nothing after it runs."""


def test_who_opts_out_after_the_plan_is_left_out(bench: Workbench) -> None:
    bench.want_keys("a", "b", "c")
    bench.permission = Opinion(opted_out=frozenset({"b"}))
    assert bench.run().counts == Counts(planned=3, ok=2, suppressed=1)
    assert bench.destination.members.keys() == {"a", "c"}
    bench.permission = Opinion()
    assert bench.run().counts == Counts(planned=1, ok=1), "a change of mind needs no change of the row"


def test_leavers_are_removed_whatever_they_said(bench: Workbench) -> None:
    bench.want_keys("a", "b")
    bench.run()
    bench.want_keys("a")
    bench.permission = Opinion(opted_out=frozenset({"b"}))
    assert bench.run().counts == Counts(planned=1, ok=1)
    assert bench.destination.members.keys() == {"a"}


@pytest.mark.parametrize("opinion", [Opinion(left=frozenset({"b"})), Opinion(opted_out=frozenset({"b"}))])
def test_what_may_have_arrived_is_taken_out_again(bench: Workbench, opinion: Opinion) -> None:
    bench.want_keys("a", "b")
    bench.destination.script = ["lost_after"] * 2
    assert bench.run(attempts=2).status is Status.INCOMPLETE
    assert bench.destination.members.keys() == {"a", "b"}
    bench.want_keys("a")
    bench.permission = opinion
    assert bench.run().counts == Counts(planned=2, ok=2)
    assert bench.destination.members.keys() == {"a"}


def test_a_message_that_may_have_arrived_is_nobodys_to_take_back(tmp_path: Path) -> None:
    bench = Workbench(tmp_path, mode="send")
    bench.want_keys("a", "b")
    bench.destination.script = ["lost_after"] * 2
    bench.run(attempts=2)
    bench.permission = Opinion(opted_out=frozenset({"b"}))
    bench.destination.script = ["lost_before"] * 9
    assert bench.run(attempts=2).counts == Counts(planned=2, unknown=1, in_flight=1)
    bench.close()


def test_an_untried_row_of_an_earlier_run_needs_a_model_that_still_wants_it(bench: Workbench) -> None:
    bench.destination.capabilities = capabilities(max_rows=1)
    bench.want_keys("a", "b")
    bench.destination.script = ["fail"] * 2
    bench.run(attempts=2)
    bench.want_keys("a")
    bench.permission = Opinion(left=frozenset({"b"}))
    assert bench.run().counts == Counts(planned=2, ok=1, suppressed=1)
    assert bench.destination.members.keys() == {"a"}


class Dying(ScriptedDestination):
    """Takes a batch, and the process is gone."""

    def send(self, batch: Batch) -> Reply:
        super().send(batch)
        raise Killed


@pytest.mark.parametrize(
    ("idempotency", "counts", "calls"),
    [("none", Counts(planned=2, unknown=2), 1), ("natural", Counts(planned=2, ok=2), 2)],
)
def test_a_kill_between_call_and_answer(bench: Workbench, idempotency: str, counts: Counts, calls: int) -> None:
    bench.want_keys("a", "b")
    bench.destination = Dying(capabilities=capabilities(idempotency=idempotency))
    with pytest.raises(Killed):
        bench.run()
    survivor = ScriptedDestination(capabilities=bench.destination.capabilities, calls=bench.destination.calls)
    bench.destination = survivor
    assert bench.run().counts == counts
    assert len(survivor.calls) == calls


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    yield opened
    opened.close()


@pytest.fixture
def reported(store: Store) -> OptOuts:
    return OptOuts(store, AddressMacros(REPOSITORY / "dbt_project"))


class OneGeneration:
    """A warehouse with one model and one audience."""

    def __init__(self, reader: MemoryReader, newer: MemoryReader | None = None) -> None:
        self._reader, self._newer = reader, newer

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        yield self._reader

    def kept(self) -> list[KeptGeneration]:
        return [KeptGeneration(Generation(2, MORNING, 2, "newer"), MORNING, 1)] if self._newer else []

    @contextmanager
    def reader_of(self, number: int) -> Iterator[Reader]:
        assert (number, self._newer is None) == (2, False)
        yield self._newer  # type: ignore[misc]


def lands(lake: Lake, batch: int, table: str, **columns: list[str]) -> None:
    part = lake.part("suppression", table, batch)
    for folder in (part.parent, lake.catalog(batch).parent):
        folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"key_id": ["k1"] * len(columns["token"]), **columns}), part)
    lake.catalog(batch).touch()


@pytest.mark.parametrize("by", ["address", "customer", "hash", "message"])
def test_an_opt_out_that_landed_after_the_build_counts(tmp_path: Path, reported: OptOuts, by: str) -> None:
    lake, reader = Lake(tmp_path), MemoryReader()
    addresses = ["anna@example.com", "ben@example.com"]
    kinds = {"customer": ["11", "12"], "hash": ["a" * 64, "b" * 64], "message": ["m1", "m2"]}
    keys = kinds.get(by, addresses)
    reader.load("sync_esp__newsletter", "id varchar", [(key,) for key in keys])
    members = [("newsletter", 11 + place, address) for place, address in enumerate(addresses)]
    reader.load("audience_members", "audience_name varchar, customer_id bigint, address varchar", members)
    hashes = list(zip(addresses, ["a" * 64, "b" * 64], strict=True))
    reader.load("dim_address_hashes", "address varchar, meta_sha256 varchar", hashes)
    lands(lake, 1, "tokens", token=["t-anna", "t-ben"], address=addresses)
    lands(lake, 1, "listings", token=["t-anna"])
    with_audience = Workbench(tmp_path / "bench", audience="newsletter").sync
    asked = with_audience.model_copy(update={"hashing": "meta" if by == "hash" else ""})
    permission = WarehousePermission(OneGeneration(reader), lake, asked, reported)  # type: ignore[arg-type]
    fields = {"to": addresses, "amount": [11, 12]} if by == "message" else {}
    batch = Batch(0, Operation.ADD, "b", pa.record_batch({KEY: keys, ROW_HASH: ["h", "h"], **fields}))
    assert permission.withdrawn(batch) == set(), "the build knew of this one"
    lands(lake, 2, "listings", token=["t-ben"])
    assert permission.withdrawn(batch) == {keys[1]}
    reader.load("sync_esp__newsletter", "id varchar", [(keys[1],)])
    assert permission.unwanted(batch) == {keys[0]}


def test_a_rollback_does_not_unsay_a_withdrawal(tmp_path: Path, reported: OptOuts) -> None:
    """Readers are back at a generation that has batch 1; what was said in batch 2 is in the newer one alone."""
    reader, newer, keys = MemoryReader(), MemoryReader(), ["anna@example.com", "ben@example.com", "carl@example.com"]
    reader.load("audience_members", "audience_name varchar, customer_id bigint, address varchar", [])
    before, since = last_arrival(1), last_arrival(1) + 1
    said = [(keys[0], "withdrawn", before), (keys[1], "withdrawn", since), (keys[2], "granted", since)]
    newer.load("fct_consent_events", "address varchar, action varchar, _arrival bigint", said)
    sync, warehouse = Workbench(tmp_path / "bench", audience="newsletter").sync, OneGeneration(reader, newer)
    permission = WarehousePermission(warehouse, Lake(tmp_path), sync, reported)  # type: ignore[arg-type]
    batch = Batch(0, Operation.ADD, "b", pa.record_batch({KEY: keys, ROW_HASH: ["h"] * len(keys)}))
    assert permission.withdrawn(batch) == {keys[1]}


def test_an_opt_out_that_a_tool_reported_counts_at_once(tmp_path: Path, store: Store, reported: OptOuts) -> None:
    reader, keys = MemoryReader(), ["anna@example.com", "ben@example.com", "+12025550101", "dora@example.com"]
    reader.load("audience_members", "audience_name varchar, customer_id bigint, address varchar", [])
    sync = Workbench(tmp_path / "bench", audience="newsletter").sync
    permission = WarehousePermission(OneGeneration(reader), Lake(tmp_path), sync, reported)  # type: ignore[arg-type]
    batch = Batch(0, Operation.ADD, "b", pa.record_batch({KEY: keys, ROW_HASH: ["h"] * len(keys)}))
    assert permission.withdrawn(batch) == set()

    def tells(name: str, kind: Kind, address: str, detail: str = "") -> None:
        told = AddressKind.PHONE if address.startswith("+") else AddressKind.EMAIL
        Inbox(store).keep("esp", [Event(name, kind, "any", told, address, detail=detail)], MORNING)

    tells("1", Kind.UNSUBSCRIBED, " Anna@Example.COM")
    assert permission.withdrawn(batch) == {keys[0]}
    tells("2", Kind.UNSUBSCRIBED, "+1 (202) 555-0101", "stop")
    tells("3", Kind.BOUNCED, "ben@example.com", "soft")
    tells("4", Kind.OPENED, "dora@example.com")
    assert permission.withdrawn(batch) == {keys[0], keys[2]}
    tells("5", Kind.BOUNCED, "ben@example.com", "hard")
    tells("6", Kind.COMPLAINED, "dora@example.com")
    assert permission.withdrawn(batch) == set(keys)
    built = reader.generation.batch
    with store.writing() as connection:
        connection.execute(inbound.update().where(inbound.c.event_id <= "2").values(landed_batch=built))
        connection.execute(inbound.update().where(inbound.c.event_id > "2").values(landed_batch=built + 1))
    tells("7", Kind.OPENED, "anna@example.com")
    assert permission.withdrawn(batch) == {keys[1], keys[3]}, "the build knows what landed before it"
