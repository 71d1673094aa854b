"""The plan's one statement against a model of it in a few lines of Python."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp.errors import DeclarationError
from reverse_etl.declarations import Sync
from reverse_etl.engine.plan import Plan, change_of, make_plan, masked
from tests.doubles.readers import RECEIPTS, MemoryReader, PostgresReader

COLUMNS = "id varchar, a varchar, b bigint"
Rows: TypeAlias = list[tuple[str | None, str | None, int | None]]
Receipts: TypeAlias = list[tuple[int, str, str, str, str, str, str | None, str | None]]

keys = st.sampled_from(["k1", "k2", "k3", "k4", "k5"])
texts = st.sampled_from([None, "", "x", "x;b=1:1;", "ü'\"|"])
rows = st.lists(st.tuples(st.one_of(st.none(), st.just("  "), keys), texts, st.sampled_from([None, 0, 12])), max_size=8)


def sync(mode: str = "mirror", fields: dict[str, str] | None = None) -> Sync:
    return Sync.model_validate(
        {
            "name": "s",
            "description": "d",
            "owner": "o",
            "model": "sync_esp__s",
            "destination": "esp",
            "object": "list",
            "mode": mode,
            "key": "id",
            "fields": fields or {"a": "alpha", "b": "b"},
        }
    )


def hash_of(a: str | None, b: int | None) -> str:
    def told(value: str | int | None) -> str:
        return "-" if value is None else f"{len(str(value))}:{value}"

    return hashlib.md5(f"alpha={told(a)};b={told(b)};".encode()).hexdigest()


receipts = st.lists(
    st.tuples(
        keys,
        st.sampled_from(["add", "update", "remove"]),
        st.sampled_from(["ok", "ok", "rejected", "unknown"]),
        st.builds(hash_of, texts, st.sampled_from([None, 0, 12])),
    ),
    max_size=12,
)


def numbered(found: list[tuple[str, str, str, str]]) -> Receipts:
    return [(seq, "s", *receipt, None, None) for seq, receipt in enumerate(found, start=1)]


def expected(model: Rows, history: Receipts) -> Counter[tuple[str, str | None, str | None]]:
    acknowledged: dict[str, str] = {}
    failed: dict[str, tuple[str, str, str]] = {}
    for _, _, key, operation, verdict, row_hash, _, _ in history:
        if verdict != "ok":
            failed[key] = (operation, verdict, row_hash)
            continue
        failed.pop(key, None)
        if operation == "remove":
            acknowledged.pop(key, None)
        else:
            acknowledged[key] = row_hash
    copies = Counter(key for key, _, _ in model)
    found: Counter[tuple[str, str | None, str | None]] = Counter()
    for key, a, b in model:
        if key is None or not key.strip():
            found["missing_key", None] += 1
        elif copies[key] > 1:
            found["duplicate_key", key] += 1
        else:
            found[change(hash_of(a, b), acknowledged.get(key), failed.get(key)), key] += 1
    for key in acknowledged.keys() - copies.keys():
        found[change(None, acknowledged[key], failed.get(key)), key] += 1
    return found


def change(desired: str | None, standing: str | None, failed: tuple[str, str, str] | None) -> str:
    if failed and failed[1] == "unknown":
        return "unresolved"
    if desired == standing:
        return "unchanged"
    if failed and failed[2] == (desired or standing) and (failed[0] == "remove") == (desired is None):
        return "still_rejected"
    return "add" if standing is None else "remove" if desired is None else "update"


def found_by(plan: Plan) -> dict[str, int]:
    names = ("add", "update", "remove", "unchanged", "still_rejected", "unresolved", "missing_key", "duplicate_key")
    return {name: getattr(plan.counts, name) for name in names if getattr(plan.counts, name)}


def operations(plan: Plan) -> list[dict[str, Any]]:
    return [row for batch in plan.operations() for row in batch.to_pylist()]


@settings(max_examples=40, deadline=None)
@given(model=rows, history=receipts.map(numbered))
def test_the_plan_is_the_difference(model: Rows, history: Receipts) -> None:
    reader = MemoryReader()
    reader.load("sync_esp__s", COLUMNS, model)
    reader.load("receipts", RECEIPTS, [*history, (99, "another_sync", "k1", "add", "ok", "h", None, None)])
    plan = make_plan(reader, sync())
    wanted = expected(model, history)

    by_change = Counter[str]()
    for (name, _), count in wanted.items():
        by_change[name] += count
    assert found_by(plan) == dict(by_change)
    sent = operations(plan)
    assert Counter((row["_change"], row["_key"]) for row in sent) == Counter(
        {one: count for one, count in wanted.items() if one[0] in {"add", "update", "remove"}}
    )
    order = ["add", "update", "remove"]
    assert sent == sorted(sent, key=lambda row: (order.index(row["_change"]), row["_key"]))
    values = {key: (a, b) for key, a, b in model}
    assert all((row["alpha"], row["b"]) == values[row["_key"]] for row in sent if row["_change"] != "remove")


@settings(max_examples=3, deadline=None)
@given(cases=st.lists(st.tuples(rows, receipts.map(numbered)), min_size=10, max_size=10))
def test_postgres_finds_the_same_plan(postgres_url: str, cases: list[tuple[Rows, Receipts]]) -> None:
    theirs, ours = PostgresReader(postgres_url), MemoryReader()
    for model, history in cases:
        for reader in (theirs, ours):
            reader.load("sync_esp__s", COLUMNS, model)
            reader.load("receipts", RECEIPTS, history)
        one, other = make_plan(theirs, sync()), make_plan(ours, sync())
        assert one.counts == other.counts
        assert operations(one) == operations(other)
        assert (one.digest() if one.counts.operations else "") == (other.digest() if other.counts.operations else "")
    theirs.connection.close()


def test_rows_that_differ_have_hashes_that_differ() -> None:
    values = [None, "", "-", "x", "1:x", "x;b=1:1;", ";", "ü"]
    pairs = [(one, other) for one in values for other in values]
    reader = MemoryReader()
    reader.load("sync_esp__s", "id varchar, a varchar, b varchar", [(str(n), *pair) for n, pair in enumerate(pairs)])
    assert len({row["_row_hash"] for row in operations(make_plan(reader, sync()))}) == len(pairs)


def test_a_new_mapping_sends_every_row_again() -> None:
    reader = MemoryReader()
    reader.load("sync_esp__s", COLUMNS, [("k1", "x", 1)])
    before = operations(make_plan(reader, sync(fields={"a": "alpha"})))[0]["_row_hash"]
    assert before != operations(make_plan(reader, sync(fields={"a": "beta"})))[0]["_row_hash"]


@pytest.mark.parametrize(
    ("mode", "sent"),
    [
        ("mirror", "aur"),
        ("upsert", "au"),
        ("update_only", "uu"),
        ("create_only", "a"),
        ("add_only", "a"),
        ("append", "a"),
        ("send", "a"),
    ],
)
def test_a_mode_leaves_the_other_operations_out(mode: str, sent: str) -> None:
    reader = MemoryReader()
    reader.load("sync_esp__s", COLUMNS, [("new", "x", 1), ("changed", "y", 2)])
    known = [(seq, "s", key, "add", "ok", "old", None, None) for seq, key in enumerate(["changed", "gone"])]
    reader.load("receipts", RECEIPTS, known)
    plan = make_plan(reader, sync(mode))
    assert "".join(row["_change"][0] for row in operations(plan)) == sent
    assert plan.counts.operations + plan.counts.unchanged == 3


def test_a_row_brings_what_the_tool_knows_it_by() -> None:
    reader = MemoryReader()
    reader.load("sync_esp__s", COLUMNS, [("new", "x", 1), ("changed", "y", 2)])
    known = [("changed", "add", "r1"), ("changed", "update", "r2"), ("gone", "add", "r3")]
    reader.load("receipts", RECEIPTS, [(n, "s", k, o, "ok", "old", r, None) for n, (k, o, r) in enumerate(known)])
    names = {row["_key"]: row["_remote_id"] for row in operations(make_plan(reader, sync()))}
    assert names == {"new": None, "changed": "r2", "gone": "r3"}


def test_the_digest_names_the_plan_and_nothing_else() -> None:
    reader = MemoryReader()
    reader.load("sync_esp__s", COLUMNS, [(f"k{number}", "x", number) for number in range(3_000)])
    digest = make_plan(reader, sync()).digest()
    reader.load("sync_esp__s", COLUMNS, [(f"k{number}", "x", number) for number in reversed(range(3_000))])
    assert make_plan(reader, sync()).digest() == digest
    reader.load("sync_esp__s", COLUMNS, [(f"k{number}", "x", number + (number == 7)) for number in range(3_000)])
    assert make_plan(reader, sync()).digest() != digest


def test_samples_are_masked() -> None:
    reader = MemoryReader()
    reader.load("sync_esp__s", COLUMNS, [("anna@example.com", "x", 1), ("+4915112345678", "x", 1)])
    assert make_plan(reader, sync()).samples == {"add": ["+4…", "an…"]}
    assert masked("abc") == "…"


def test_one_key_can_be_asked_for() -> None:
    reader = MemoryReader()
    reader.load("sync_esp__s", COLUMNS, [("it's", "x", 1), ("k2", "x", 1), ("k2", "y", 1)])
    assert change_of(reader, sync(), "it's") == ["add"]
    assert change_of(reader, sync(), "k2") == ["duplicate_key", "duplicate_key"]
    assert change_of(reader, sync(), "nobody") == []


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        (None, r"syncs/s\.yml: the published generation has no model `sync_esp__s`.*`cdp run`"),
        ("ids varchar, a varchar, b bigint", r"no column `id` .* Did you mean `ids`\?"),
        ("id varchar, a varchar, z bigint", r"no column `b` .*`cdp run`"),
    ],
)
def test_what_the_model_lacks_is_named(columns: str | None, complaint: str) -> None:
    reader = MemoryReader()
    if columns:
        reader.load("sync_esp__s", columns, [])
    with pytest.raises(DeclarationError, match=complaint):
        make_plan(reader, sync())
    with pytest.raises(DeclarationError, match=complaint):
        change_of(reader, sync(), "k1")
