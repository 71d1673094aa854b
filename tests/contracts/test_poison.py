"""One bad row among many: all the others arrive, and finding it costs few calls more than if it had been good."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil, log2
from pathlib import Path
from random import Random

import httpx
import pytest

from reverse_etl.destinations import http
from reverse_etl.engine.ports import Destination
from reverse_etl.engine.words import Counts, Status
from reverse_etl.sandbox.faults import Fault
from tests.contracts.case import Case, Fields
from tests.contracts.cases import DESTINATIONS
from tests.contracts.tools import Tool, VendorFake
from tests.doubles.workbench import Workbench

Row = tuple[str, Fields]

# A sample, and for `make proof` a bad row among a thousand.
_COUNTS = [pytest.param(20, id="20"), pytest.param(1_000, id="1000", marks=pytest.mark.proof)]
_RUNS_AT_MOST = 5


@dataclass
class Calls:
    """`sent` batches went to the connector, `made` requests to the tool."""

    sent: int = 0
    made: int = 0


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in may take its time to read a large body."""
    monkeypatch.setattr(http, "TIMEOUT", httpx.Timeout(30.0))


@pytest.mark.parametrize("count", _COUNTS)
@pytest.mark.parametrize("case", [case for case in DESTINATIONS if case.bad], ids=lambda case: case.name)
def test_a_row_that_the_tool_names(case: Case, count: int, tmp_path: Path) -> None:
    assert case.bad is not None
    rows, place, (key, fields) = _good(case, count), Random(count).randrange(count), case.bad
    is_bad_by_key = key not in {key for key, _ in rows}
    poisoned = [*rows[:place], (key if is_bad_by_key else rows[place][0], fields), *rows[place + 1 :]]
    clean, _ = _delivered(tmp_path / "clean", case, rows)
    found, counts = _delivered(tmp_path / "poisoned", case, poisoned)
    assert (counts.ok, counts.rejected) == (count - 1, 1)
    assert found.made - clean.made <= 2 * ceil(log2(count))


@pytest.mark.parametrize("count", _COUNTS)
@pytest.mark.parametrize("case", DESTINATIONS, ids=lambda case: case.name)
def test_a_row_that_nobody_names(case: Case, count: int, tmp_path: Path) -> None:
    """The tool refuses every request that has it, and says no more."""
    rows = _good(case, count)
    poison = rows[Random(count).randrange(count)]
    with case.serve(tmp_path) as tool:
        if not isinstance(tool, VendorFake):
            pytest.skip("it always says which row it refuses")
    clean, _ = _delivered(tmp_path / "clean", case, rows)
    found, counts = _delivered(tmp_path / "poisoned", case, rows, _telling(poison))
    assert (counts.ok, counts.rejected) == (count - 1, 1)
    assert found.sent - clean.sent <= 2 * ceil(log2(count))


def _good(case: Case, count: int) -> list[Row]:
    return [(case.key(number), case.fields(number)) for number in range(count)]


def _telling(row: Row) -> bytes:
    """What no other row has, in whatever form it travels."""
    texts = [row[0], *(value for value in row[1].values() if isinstance(value, str))]
    return max(texts, key=len).lstrip("+").encode()


def _delivered(folder: Path, case: Case, rows: list[Row], poison: bytes = b"") -> tuple[Calls, Counts]:
    """A whole sync, to its end; everybody who is not refused has to be there then."""
    folder.mkdir()
    bench, calls = _bench(folder, case, rows), Calls()
    with case.serve(folder) as tool, _counted(tool, calls):
        if isinstance(tool, VendorFake):
            tool.poison = poison
        bench.destination = case.connector.build(case.account(tool.url), case.target)  # type: ignore[assignment]
        with _counted_sends(bench.destination, calls):  # type: ignore[arg-type]
            counts = _run_to_the_end(bench)
        bench.destination.close()
        assert len(tool.members()) == counts.ok
        assert tool.repeated() == 0
    bench.close()
    return calls, counts


def _bench(folder: Path, case: Case, rows: list[Row]) -> Workbench:
    names = list(rows[0][1])
    columns = [f"c{number}" for number in range(len(names))]
    bench = Workbench(folder, mode=case.target.mode, fields=dict(zip(columns, names, strict=True)))
    types = ["bigint" if isinstance(value, int) else "varchar" for value in rows[0][1].values()]
    declared = ["id varchar", *(f"{column} {kind}" for column, kind in zip(columns, types, strict=True))]
    content = [(key, *(fields[name] for name in names)) for key, fields in rows]
    bench.reader.load("sync_esp__newsletter", ", ".join(declared), content)
    return bench


def _run_to_the_end(bench: Workbench) -> Counts:
    for _ in range(_RUNS_AT_MOST):
        result = bench.run()
        if result.status is not Status.PENDING:
            assert result.status is Status.OK, result.reason
            return result.counts
    raise AssertionError("it does not come to an end")


@contextmanager
def _counted(tool: Tool, calls: Calls) -> Iterator[None]:
    """Every request to the tool asks its faults what happens to it."""
    following = tool.faults.next

    def counting() -> Fault:
        calls.made += 1
        return following()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tool.faults, "next", counting)
        yield


@contextmanager
def _counted_sends(destination: Destination, calls: Calls) -> Iterator[None]:
    sending = destination.send

    def counting(*arguments: object) -> object:
        calls.sent += 1
        return sending(*arguments)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(destination, "send", counting)
        yield
