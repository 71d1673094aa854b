"""Runs killed at random moments, over a network that loses one call in six, end where undisturbed ones do."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from unittest.mock import ANY

import pytest
from sqlalchemy import select

from cdp.store import open_store
from cdp.store.schema import outbox, sync_runs
from reverse_etl.receipts import ReceiptsProjection
from reverse_etl.sandbox.faults import Faults
from tests.doubles.company import Company
from tests.doubles.served import KEYS, served_sandbox

LAUNCHER = Path(__file__).with_name("sync_launcher.py")
SYNC, MODEL = "sms_cart_reminder", "sync_sms__cart_reminder"
PEOPLE = 1_500


class Launcher:
    """Runs the sync in children of its own; `kill_after` seconds, or not at all."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, kill_after: float | None) -> int:
        """The wait status: 0 for a run that ended well, 9 for one that was killed."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        child = int(self._process.stdout.readline())
        if kill_after is not None:
            time.sleep(kill_after)
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        return int(self._process.stdout.readline())


@contextmanager
def launcher(folder: Path) -> Iterator[Launcher]:
    environment = {**os.environ, **{f"CDP_TEST_{name.upper()}_KEY": key for name, key in KEYS.items()}}
    command = [sys.executable, str(LAUNCHER), str(folder), SYNC]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        yield Launcher(process)
        assert process.stdin is not None
        process.stdin.close()


def phone(number: int) -> str:
    return f"+4915{number:06d}0000" if number % 97 == 0 else f"+4915{number:06d}1234"


def survive(folder: Path, kills: int, seed: int) -> None:
    """A kill counts where it ends a run that has begun: many fall before, while the process wakes up."""
    rng, cycle, undisturbed = Random(seed), 0, 0.0
    with served_sandbox(folder / "tools", Faults(rate=1 / 6, seed=seed)) as sandbox:
        company = Company(folder / "company", sandbox.url)
        with launcher(company.root) as launched:
            while cut_short(company) < kills:
                cycle += 1
                wanted = set(rng.sample(range(PEOPLE), PEOPLE // 2))
                company.publish(
                    MODEL, [(phone(one), one, "Anna", cycle, "2024-05-01 05:00:00") for one in sorted(wanted)]
                )
                while True:
                    # The first run shows how long one takes here: a fixed delay may always fall before the work.
                    is_killed = undisturbed and rng.random() < 0.85
                    started = time.monotonic()
                    status = launched.run(rng.uniform(0.0, undisturbed) if is_killed else None)
                    undisturbed = undisturbed or time.monotonic() - started
                    if status == 0:
                        break
                    assert status == signal.SIGKILL, f"a run ended with {status}"
                expected = {phone(one) for one in wanted if one % 97}
                assert set(sandbox.state.members("sms", "cart-reminder")) == expected
        assert sandbox.state.repeated_changes("sms") == 0
        check_books(company, expected)


def cut_short(company: Company) -> int:
    """How many runs began and did not end by themselves."""
    store = open_store(company.project.store_url)
    with store.reading() as connection:
        statuses = list(connection.scalars(select(sync_runs.c.status)))
    store.close()
    return sum(status != "ok" for status in statuses)


def check_books(company: Company, expected: set[str]) -> None:
    store = open_store(company.project.store_url)
    with store.reading() as connection:
        runs = connection.execute(select(sync_runs)).all()
        assert connection.execute(select(outbox)).all() == []
    projection = ReceiptsProjection(store, company.project.lake)
    projection.catch_up()
    assert projection.standing(SYNC) == (len(expected), ANY)
    store.close()
    for run in runs:
        assert run.planned == run.ok + run.rejected + run.unknown + run.suppressed + run.held + run.in_flight
    assert {run.status for run in runs} == {"ok", "interrupted"}


def test_a_few_kills(tmp_path: Path) -> None:
    survive(tmp_path, kills=4, seed=1)


@pytest.mark.proof
def test_five_hundred_kills(tmp_path: Path) -> None:
    survive(tmp_path, kills=500, seed=2)
