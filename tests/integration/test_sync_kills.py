"""Runs that are killed, at random moments and at every system call that writes, syncs or sends, end where others do."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from random import Random

import pytest

from reverse_etl.sandbox.faults import Faults
from tests.integration.crash_scenes import Launcher, Scene, keyed_list, messages_sent_once, weather

Stage = Callable[[Path, Faults], AbstractContextManager[Scene]]

STAGES = pytest.mark.parametrize("stage", [keyed_list, messages_sent_once])
# All that a run writes, makes durable or sends with: files of the store, the lake and the warehouse, and the network.
CALLS = ["write", "writev", "pwrite64", "sendto", "sendmsg", "fsync", "fdatasync", "ftruncate", "rename", "unlink"]


def survive(stage: Stage, folder: Path, kills: int, seed: int) -> None:
    """A kill counts where it ends a run that has begun: many fall before, while the process wakes up."""
    rng, cycle, undisturbed = Random(seed), 0, 0.0
    with stage(folder, weather(1 / 6, seed)) as scene:
        scene.want(cycle, rng)
        with scene.launcher() as launched:
            while scene.runs_cut_short() < kills:
                cycle += 1
                scene.want(cycle, rng)
                while True:
                    # The first run shows how long one takes here: a fixed delay may always fall before the work.
                    is_killed = undisturbed and rng.random() < 0.85
                    started = time.monotonic()
                    status = launched.run(rng.uniform(0.0, undisturbed) if is_killed else None)
                    undisturbed = undisturbed or time.monotonic() - started
                    if status == 0:
                        break
                    assert status == signal.SIGKILL, f"a run ended with {status}"
                scene.check()
        scene.check_books()


@STAGES
def test_a_few_kills(stage: Stage, tmp_path: Path) -> None:
    survive(stage, tmp_path, kills=3, seed=1)


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(2, 7))
@STAGES
def test_five_hundred_kills(stage: Stage, seed: int, tmp_path: Path) -> None:
    """A hundred with each seed."""
    survive(stage, tmp_path, kills=100, seed=seed)


def killed_before(launched: Launcher, system_call: str, number: int) -> bool:
    """Whether a run made that call so often; it was killed before it did, and is followed by one that was not."""
    status = launched.run_to_call(system_call, number)
    assert status in {0, signal.SIGKILL}, f"a run ended with {status}"
    assert launched.run() == 0
    return status != 0


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_killed_before_some_system_calls(tmp_path: Path) -> None:
    rng = Random(1)
    with messages_sent_once(tmp_path, Faults()) as scene:
        scene.want(0, rng)
        with scene.launcher() as launched:
            for cycle, system_call in enumerate(["pwrite64", "fdatasync", "sendto"], 1):
                scene.want(cycle, rng)
                assert killed_before(launched, system_call, rng.randint(1, 3))
                scene.check()


@pytest.mark.proof
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("system_call", CALLS)
@STAGES
def test_killed_before_every_system_call(stage: Stage, system_call: str, tmp_path: Path) -> None:
    rng, number = Random(1), 0
    with stage(tmp_path, Faults()) as scene:
        scene.want(0, rng)
        with scene.launcher() as launched:
            is_killed = True
            while is_killed:
                number += 1
                scene.want(number, rng)
                is_killed = killed_before(launched, system_call, number)
                scene.check()
    print(f"{system_call}: {number - 1} kills")
