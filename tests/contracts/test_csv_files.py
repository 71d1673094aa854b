"""What is the files' own among the destinations: one file at a time, whole or not at all, and told beside it."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdp.errors import DeclarationError
from reverse_etl.destinations.csv_files import FOLDER
from reverse_etl.destinations.csv_files.client import CsvFile
from reverse_etl.destinations.csv_files.place import CONNECTION_LOST, Place, PlaceError
from reverse_etl.engine.ports import Destination, StartsOver, WorksInJobs
from reverse_etl.engine.words import KEY, ROW_HASH, Batch, Operation, Reply, Verdict
from tests.contracts.case import Case
from tests.contracts.fakes.csv_files import CASES, OBJECT, FilesTool, folder_tool

Row = tuple[str, dict[str, Any]]
ANNA, BEN, CARL = (("anna", {"n": "1"}), ("ben", {"n": "2"}), ("carl", {"n": "3"}))
TARGET = CASES[0].target
EVERY_PLACE = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[FilesTool]:
    with folder_tool(tmp_path) as tool:
        yield tool


def batch(rows: Sequence[Row], name: str = "b1", operation: Operation = Operation.ADD) -> Batch:
    table = [{KEY: key, ROW_HASH: "h", **fields} for key, fields in rows]
    return Batch(0, operation, name, pa.RecordBatch.from_pylist(table), job=name)


@contextmanager
def connector(case: Case, tool: FilesTool, **options: str) -> Iterator[Destination]:
    built = case.connector.build(case.account(tool.url), replace(TARGET, options={"key_column": "email", **options}))
    yield built
    built.close()


def asked(destination: Destination, what: Batch) -> Reply:
    assert isinstance(destination, WorksInJobs)
    return destination.poll(what)


def published(tool: FilesTool, *batches: Batch, case: Case = CASES[0], **options: str) -> list[Reply]:
    """What is said of batches that are sent one after the other, and asked for after the last."""
    with connector(case, tool, **options) as destination:
        assert {destination.send(one).verdict for one in batches} == {Verdict.PENDING}
        return [asked(destination, one) for one in batches]


def held(tool: FilesTool) -> dict[str, str]:
    return {row["email"]: row["n"] for row in tool.rows()}


@EVERY_PLACE
def test_batches_are_published_together_with_what_stands_there(case: Case, tmp_path: Path) -> None:
    with case.serve(tmp_path) as tool:
        assert isinstance(tool, FilesTool)
        replies = published(tool, batch([CARL, ANNA]), batch([BEN], "b2"), case=case)
        assert {reply.verdict for reply in replies} == {Verdict.OK}
        published(tool, batch([("anna", {"n": "9"})], "b3", Operation.UPDATE), case=case)
        published(tool, batch([BEN], "b4", Operation.REMOVE), case=case)
        assert tool.content() == b"email,n\nanna,9\ncarl,3\n"
        assert tool.names() == {f"{OBJECT}.csv", f"{OBJECT}.manifest.json", f".{OBJECT}.begun.json"}


@EVERY_PLACE
def test_the_manifest_tells_what_the_file_is(case: Case, tmp_path: Path) -> None:
    with case.serve(tmp_path) as tool:
        assert isinstance(tool, FilesTool)
        published(tool, batch([ANNA, BEN]), batch([CARL], "b2"), case=case)
        content = tool.content()
        assert tool.manifest() == {
            "file": f"{OBJECT}.csv",
            "rows": 3,
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "columns": ["email", "n"],
            "batches": ["b1", "b2"],
        }


def test_nothing_is_there_before_the_first_question(folder: FilesTool) -> None:
    with connector(CASES[0], folder) as destination:
        destination.send(batch([ANNA]))
        assert folder.names() == set()


def test_what_a_dead_process_kept_is_sent_again(folder: FilesTool) -> None:
    batches = [batch([ANNA]), batch([BEN], "b2"), batch([CARL], "b3")]
    with connector(CASES[0], folder) as destination:
        for one in batches:
            destination.send(one)
    with connector(CASES[0], folder) as destination:
        for one in batches:
            assert {row.code for row in asked(destination, one).per_row(1)} == {"not_kept"}
    again = [replace(one, idempotency_key=f"{one.idempotency_key}.r") for one in batches]
    assert {reply.verdict for reply in published(folder, *again)} == {Verdict.OK}
    assert folder.manifest()["batches"] == ["b1.r", "b2.r", "b3.r"]
    with connector(CASES[0], folder) as destination:
        assert [asked(destination, one) for one in again] == [Reply(Verdict.OK)] * 3, "what is published is known again"


class CutError(Exception):
    """The process ends here."""


class CutPlace:
    """A place at which the nth publication of a file fails, before or after it took effect, or takes us with it."""

    def __init__(self, place: Place, fails_at: int, after: bool, error: Exception) -> None:
        self._place, self._left, self._after, self._error = place, fails_at, after, error

    def fetch(self, name: str, to: Path) -> bool:
        return self._place.fetch(name, to)

    def publish(self, content: Path, name: str) -> None:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise self._error
        self._place.publish(content, name)
        if self._left == 0:
            raise self._error

    def close(self) -> None:
        self._place.close()


def places_of(tool: FilesTool, fails_at: int, after: bool, error: Exception) -> CsvFile:
    built = FOLDER.build(CASES[0].account(tool.url), TARGET)
    assert isinstance(built, CsvFile)
    built._place = CutPlace(built._place, fails_at, after, error)  # type: ignore[assignment]
    return built


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("more", [False, True])
def test_whatever_step_dies_the_file_is_whole_and_ends_right(
    folder: FilesTool, step: int, after: bool, more: bool
) -> None:
    """Two publications of three steps; then another process, which may have learnt of one more batch."""
    built = places_of(folder, step, after, CutError())
    first, second, third = batch([ANNA, BEN]), batch([BEN], "b2", Operation.REMOVE), batch([CARL], "b3")
    with pytest.raises(CutError):
        for one in (first, second):
            built.send(one)
            assert built.poll(one).verdict is Verdict.OK
    built.close()
    if f"{OBJECT}.csv" in folder.names():
        assert folder.content() in {b"email,n\nanna,1\nben,2\n", b"email,n\nanna,1\n"}
    published(folder, first, *([third] if more else []))
    published(folder, second)
    assert held(folder) == ({"anna": "1", "carl": "3"} if more else {"anna": "1"})
    assert hashlib.sha256(folder.content()).hexdigest() == folder.manifest()["sha256"]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_lost_answer_is_tried_again_without_a_second_effect(folder: FilesTool, step: int, after: bool) -> None:
    built = places_of(folder, step, after, PlaceError(CONNECTION_LOST))
    built.send(batch([ANNA]))
    reply = built.poll(batch([ANNA]))
    assert (reply.verdict, reply.is_lost) == (Verdict.RETRY, True)
    assert built.poll(batch([ANNA])).verdict is Verdict.OK
    built.close()
    assert held(folder) == {"anna": "1"}


def test_what_was_changed_by_others_is_not_written_over(folder: FilesTool) -> None:
    published(folder, batch([ANNA]))
    folder.put(f"{OBJECT}.csv", b"email,n\notto,1\n")
    reply = published(folder, batch([BEN], "b2"))[0]
    assert (reply.verdict, reply.code) == (Verdict.FATAL, "not_ours")
    assert held(folder) == {"otto": "1"}


def test_a_manifest_that_is_none_is_fatal(folder: FilesTool) -> None:
    folder.put(f"{OBJECT}.manifest.json", b"{}")
    with connector(CASES[0], folder) as destination:
        assert destination.send(batch([ANNA])).code == "no_manifest"


def test_a_file_that_we_never_published_is_left_alone(folder: FilesTool) -> None:
    folder.put(f"{OBJECT}.csv", b"email,n\nthem,1\n")
    assert published(folder, batch([ANNA]))[0].code == "not_ours"
    assert folder.content() == b"email,n\nthem,1\n"


def test_a_published_file_that_was_taken_away_is_not_begun_anew(folder: FilesTool) -> None:
    """A file with the changes only would look like a list that lost everybody."""
    published(folder, batch([ANNA]))
    folder.files.delete_file(f"{OBJECT}.csv")
    reply = published(folder, batch([BEN], "b2"))[0]
    assert (reply.verdict, reply.code) == (Verdict.FATAL, "gone")


def test_a_mapping_that_changed_changes_the_columns(folder: FilesTool) -> None:
    published(folder, batch([ANNA, BEN]))
    published(folder, batch([("anna", {"city": "Ulm", "tier": None})], "b2", Operation.UPDATE))
    assert folder.content() == b"email,city,tier\nanna,Ulm,\nben,,\n"


def test_values_are_texts_that_say_the_same_everywhere(folder: FilesTool) -> None:
    row = {"n": 2**60, "x": 1.5, "yes": True, "on": date(2026, 2, 28), "cents": Decimal("12.30"), "minus": -5}
    published(folder, batch([("1", {**row, "at": datetime(2026, 2, 28, 1, 2, 3)})]))
    assert folder.content().splitlines()[1] == b"1,1152921504606846976,1.5,true,2026-02-28,12.30,-5,2026-02-28 01:02:03"


FORMULAS = {
    "=1+1": "'=1+1", "@SUM(A1)": "'@SUM(A1)", "+cmd|' /C calc'!A0": "'+cmd|' /C calc'!A0", "-A1": "'-A1",
    "\t=1": "'\t=1", "\r=1": "'\r=1", "＝1+1": "'＝1+1", "'=1": "''=1",
    "+49 (151) 10001": "+49 (151) 10001", "-5.20": "-5.20", "O'Neill": "O'Neill", "a=b": "a=b", "": "",
}  # fmt: skip


def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(folder: FilesTool) -> None:
    rows = [(f"{number:02}", {"n": text}) for number, text in enumerate(FORMULAS)]
    published(folder, batch([*rows, ("=key()", {"n": ""})]))
    assert [row["n"] for row in folder.rows()] == ["", *FORMULAS.values()]
    published(folder, batch([("=key()", {})], "b2", Operation.REMOVE))
    assert len(folder.rows()) == len(FORMULAS), "a key that was changed on its way in is found again"
    assert [row["n"] for row in folder.rows()] == list(FORMULAS.values()), "and nothing is changed twice"


def test_or_stays_as_it_is_where_nobody_opens_it_in_a_spreadsheet(folder: FilesTool) -> None:
    published(folder, batch([("k", {"n": "=1+1"})]), formulas="as_is")
    assert held(folder) == {"k": "=1+1"}


TEXTS = st.one_of(
    st.none(), st.text(st.characters(codec="utf-8")), st.text(st.sampled_from("\"',;=\\\n\r\t é😀\0\ufeff\u2028"))
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=st.lists(TEXTS, min_size=1, max_size=6), after=st.lists(TEXTS, min_size=1, max_size=6))
def test_every_text_is_read_back_as_it_was(
    folder: FilesTool, before: list[str | None], after: list[str | None]
) -> None:
    """Through a second publication too, which reads the first."""
    for name in folder.names():
        folder.files.delete_file(name)
    published(folder, batch([(f"a{n}", {"n": text}) for n, text in enumerate(before)]), formulas="as_is")
    published(folder, batch([(f"b{n}", {"n": text}) for n, text in enumerate(after)], "b2"), formulas="as_is")
    rows = csv.reader(io.StringIO(folder.content().decode(), newline=""))
    assert [row[1] for row in rows][1:] == [text or "" for text in before + after]
    assert folder.content().count(b'""') >= sum(text == "" for text in before + after), "empty is not null"


def test_a_field_with_the_name_of_the_key_s_column_is_refused_before_anything_runs() -> None:
    with pytest.raises(DeclarationError, match="`email`"):
        FOLDER.check(replace(TARGET, fields=frozenset({"email"})))


def test_a_file_that_is_gone_is_begun_anew_once_somebody_says_so(tmp_path: Path) -> None:
    case = CASES[0]
    with case.serve(tmp_path) as tool:
        ours = case.connector.build(case.account(tool.url), case.target)
        assert isinstance(ours, StartsOver) and isinstance(ours, WorksInJobs)
        _published(ours, "a@example.com", "b1")
        assert ours.start_over().code == "still_there"
        tool.files.delete_file(f"{OBJECT}.csv")
        assert _published(ours, "b@example.com", "b2").code == "gone"
        assert ours.start_over().verdict is Verdict.OK
        assert tool.members() == set()
        assert _published(ours, "b@example.com", "b3").verdict is Verdict.OK
        assert tool.members() == {"b@example.com"}
        ours.close()


def _published(ours: Any, key: str, name: str) -> Reply:
    batch = Batch(0, Operation.ADD, name, pa.RecordBatch.from_pylist([{KEY: key, ROW_HASH: "h", "customer_id": 1}]))
    ours.send(batch)
    reply: Reply = ours.poll(replace(batch, job=name))
    return reply
