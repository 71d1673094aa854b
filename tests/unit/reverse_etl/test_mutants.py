"""Six ways in which engines of this kind go wrong, built into ours: a walk that does not notice proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import func, select

from cdp.store.schema import outbox
from reverse_etl.engine import delivery, run
from reverse_etl.engine.words import OK, Batch, Operation, Reply, Verdict
from reverse_etl.ledger import StoreLedger
from tests.doubles.engine import ScriptedDestination
from tests.doubles.workbench import Workbench

Mutant = Callable[[pytest.MonkeyPatch], None]
_send, _enqueue, _deliver = delivery.Delivery._send, StoreLedger.enqueue, delivery.Delivery._deliver


class TornError(Exception):
    """The disk ends in the middle of a plan."""


def walk(bench: Workbench) -> None:
    """Three days of a list over a bad network: it ends as wanted, nothing happens twice, the books balance."""
    for day, keys in enumerate(["abcd", "bcde", "abce"]):
        bench.want([(key, f"v{day}") for key in keys])
        bench.destination.script = ["lost_after", "lost_before", "fail", "busy_rows"]
        bench.run(attempts=9)
        assert bench.destination.members.keys() == set(keys)
        assert len(set(bench.destination.members.values())) == 1, "all have the same value, that of the day"
        assert bench.run().counts.planned == 0
    assert bench.destination.repeated == 0


def torn(bench: Workbench) -> None:
    """A plan that could not be written whole leaves nothing behind."""
    original = run.cut

    def cut(*arguments: Any) -> Iterable[tuple[Operation, pa.RecordBatch]]:
        yield from original(*arguments)
        raise TornError

    bench.want_keys(*"abcd")
    run.cut = cut  # type: ignore[assignment]
    try:
        with pytest.raises(TornError):
            bench.run()
    finally:
        run.cut = original
    with bench.store.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(outbox)) == 0


def emptied(bench: Workbench) -> None:
    """A model that is empty over night does not empty the list."""
    bench.want_keys(*"abcd")
    bench.run()
    bench.want_keys()
    bench.run()
    assert len(bench.destination.members) == 4


def fresh_key_per_attempt(patch: pytest.MonkeyPatch) -> None:
    numbers = count()

    def send(self: delivery.Delivery, batch: Batch, attempt: int) -> Reply:
        destination = self._world.destination
        assert isinstance(destination, ScriptedDestination)
        true_send = destination.send
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(destination, "send", lambda one: true_send(replace(one, idempotency_key=str(next(numbers)))))
            return _send(self, batch, attempt)

    patch.setattr(delivery.Delivery, "_send", send)


def acknowledged_before_it_is_sent(patch: pytest.MonkeyPatch) -> None:
    def deliver(self: delivery.Delivery, batch: Batch) -> None:
        self._world.ledger.settle(self._run, batch, [OK] * len(batch), None, self._world.time.now())
        self._world.destination.send(batch)

    patch.setattr(delivery.Delivery, "_deliver", deliver)


def plan_written_piece_by_piece(patch: pytest.MonkeyPatch) -> None:
    def enqueue(self: StoreLedger, number: int, generation: int, batches: Iterable[Any], held: int) -> int:
        return sum(_enqueue(self, number, generation, [batch], held) for batch in batches)

    patch.setattr(StoreLedger, "enqueue", enqueue)


def no_guard(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(run, "reason_to_hold", lambda *_: "")


def key_without_version(patch: pytest.MonkeyPatch) -> None:
    def send(self: delivery.Delivery, batch: Batch, attempt: int) -> Reply:
        destination = self._world.destination
        true_send = destination.send
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(destination, "send", lambda one: true_send(replace(one, idempotency_key=str(one.position))))
            return _send(self, batch, attempt)

    patch.setattr(delivery.Delivery, "_send", send)


def silence_taken_for_a_yes(patch: pytest.MonkeyPatch) -> None:
    def send(self: delivery.Delivery, batch: Batch, attempt: int) -> Reply:
        reply = _send(self, batch, attempt)
        return Reply(Verdict.OK) if reply.is_lost else reply

    patch.setattr(delivery.Delivery, "_send", send)


@pytest.mark.parametrize("scenario", [walk, torn, emptied])
def test_the_engine_passes(bench: Workbench, scenario: Callable[[Workbench], None]) -> None:
    scenario(bench)


@pytest.mark.parametrize(
    ("mutant", "scenario"),
    [
        (fresh_key_per_attempt, walk),
        (acknowledged_before_it_is_sent, walk),
        (plan_written_piece_by_piece, torn),
        (no_guard, emptied),
        (key_without_version, walk),
        (silence_taken_for_a_yes, walk),
    ],
)
def test_a_mutant_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mutant: Mutant, scenario: Callable[[Workbench], None]
) -> None:
    bench = Workbench(tmp_path)
    with monkeypatch.context() as patch:
        mutant(patch)
        with pytest.raises(AssertionError):
            scenario(bench)
    bench.close()
