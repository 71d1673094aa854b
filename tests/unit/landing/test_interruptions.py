"""Whatever stops a landing, nothing of it is visible, and the next one gives what an undisturbed one gives."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cdp.errors import LandingError
from cdp.landing import batch as batch_module
from cdp.landing import lake as lake_module
from tests.doubles.inbox import CRM, Company

REPOSITORY = Path(__file__).parents[3]
# Dies at the n-th write: half of its bytes are on the disk, and nothing has been renamed.
KILLED = """
import os, signal, sys
from pathlib import Path
from cdp.landing import batch as batch_module
from cdp.landing import land as land_module
from tests.doubles.inbox import MORNING
from cdp.project import Project

moment, whole, write = int(sys.argv[2]), sys.argv[3] == "after", batch_module.write_parquet
writes = 0

def dying(connection, query, target):
    global writes
    writes += 1
    if writes == moment and not whole:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.with_suffix(".tmp").write_bytes(b"half of it")
        os.kill(os.getpid(), signal.SIGKILL)
    write(connection, query, target)
    if writes == moment:
        os.kill(os.getpid(), signal.SIGKILL)

batch_module.write_parquet = dying
land_module.land(Project.load(Path(sys.argv[1])), MORNING)
"""


def fill(company: Company) -> None:
    company.declare("crm", CRM)
    company.crm("insert into contacts values ('1', 'Omsk', null), ('2', 'Perm', 'x')")
    company.deliver("people/1.csv", "person_id,email,orders\n1,,2\n2,,x\n")
    company.deliver("events/1.ndjson", '{"messageId": "1"}\nbroken\n')
    company.deliver("tickets/1.json", "[")


@pytest.fixture
def filled(company: Company) -> Company:
    fill(company)
    return company


@pytest.mark.parametrize(("moment", "when"), [(2, "after"), (5, "before"), (5, "after")])
def test_a_killed_landing_is_as_if_it_had_not_begun(filled: Company, tmp_path: Path, moment: int, when: str) -> None:
    undisturbed = Company(tmp_path / "undisturbed")
    fill(undisturbed)
    undisturbed.land()
    command = [sys.executable, "-c", KILLED, str(filled.root), str(moment), when]
    killed = subprocess.run(command, cwd=REPOSITORY, check=False, env={**os.environ, "PYTHONPATH": str(REPOSITORY)})
    assert killed.returncode == -signal.SIGKILL
    is_committed = (moment, when) == (5, "after")
    assert filled.lake.last_batch() == int(is_committed)
    assert bool(filled.rows("people")) is is_committed
    filled.land()
    assert filled.snapshot() == undisturbed.snapshot()
    assert filled.rows("contacts", "contact_id, _arrival", "crm") == undisturbed.rows(
        "contacts", "contact_id, _arrival", "crm"
    )
    leftovers = [path for path in filled.lake.root.rglob("*") if path.suffix == ".tmp" or ".landing" in path.name]
    assert leftovers == []


@pytest.mark.parametrize("failing", ["part", "rejects", "catalog"])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    filled: Company, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    write = batch_module.write_parquet

    def full(connection: Any, query: str, target: Path) -> None:
        folder = {"part": "raw", "rejects": "rejects", "catalog": "batches"}[failing]
        if folder in target.parts:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(connection, query, target)

    monkeypatch.setattr(batch_module, "write_parquet", full)
    with pytest.raises(LandingError, match=r"No space left on device.*nothing of it was kept"):
        filled.land()
    assert filled.lake.last_batch() == 0
    assert [path for path in filled.lake.root.rglob("*") if path.is_file()] == []
    monkeypatch.undo()
    assert filled.land().batch == 1


@pytest.mark.skipif(os.geteuid() != 0 or not Path("/proc/mounts").exists(), reason="only root can mount a small disk")
def test_a_disk_that_is_really_full(company: Company) -> None:
    company.lake.root.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "none", company.lake.root], check=False)
    if mounted.returncode:
        pytest.skip("this machine does not let a small disk be mounted")
    try:
        lines = "".join(f'{{"messageId": "{os.urandom(40).hex()}"}}\n' for _ in range(20_000))
        company.deliver("events/1.ndjson", lines)
        with pytest.raises(LandingError, match="nothing of it was kept") as caught:
            company.land()
        assert "/" not in caught.value.what
        assert company.lake.last_batch() == 0
        assert [path for path in company.lake.root.rglob("*") if path.is_file()] == []
    finally:
        subprocess.run(["umount", company.lake.root], check=True)


def test_a_crash_after_the_parts_leaves_orphans_that_nobody_reads(
    filled: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(batch_module.Batch, "commit", crash)
    with pytest.raises(KeyboardInterrupt):
        filled.land()
    assert filled.lake.part("files", "people", 1).exists()
    assert filled.lake.parts("files", "people") == []
    monkeypatch.undo()
    assert filled.lake.sweep_orphans() == 3
    assert filled.lake.sweep_orphans() == 0


def test_receipts_are_no_orphans(company: Company) -> None:
    part = company.lake.part("receipts", "receipts", 7)
    part.parent.mkdir(parents=True)
    part.write_bytes(b"")
    company.lake.sweep_orphans()
    assert part.exists()


def test_a_part_is_synced_before_it_gets_its_name(filled: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        synced.append(descriptor)
        fsync(descriptor)

    monkeypatch.setattr(lake_module.os, "fsync", noted)
    filled.land()
    assert len(synced) == 2 * len(list(filled.lake.root.rglob("*.parquet")))
