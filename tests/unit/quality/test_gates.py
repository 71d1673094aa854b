"""What a failed check stops, until it is mended or a person lets it pass: once, within a day, and in the log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from cdp.errors import CdpError, GateError
from cdp.gates import refuse_stopped
from cdp.store import Store, open_store
from quality.projection import project_checks
from quality.record import open_stops, record, release, releases, restarts, with_releases
from quality.verdicts import Verdict, Word

NOW = datetime(2017, 11, 1)
FAILED = Verdict(
    "sync_esp.missing_keys",
    "payloads",
    "sync_esp",
    Word.FAILED,
    3.0,
    high=0,
    stops="syncs",
    syncs=("esp",),
    told=("so",),
)
PASSED = replace(FAILED, word=Word.PASSED, value=0.0, told=())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(f"sqlite:///{tmp_path / 'store.db'}")) as opened:
        yield opened


def test_a_failed_check_stops_its_syncs_until_it_passes(store: Store) -> None:
    record(store, [FAILED], NOW, generation=2)
    with pytest.raises(GateError, match=r"esp is stopped: sync_esp\.missing_keys: so"):
        refuse_stopped(store, "esp")
    refuse_stopped(store, "sms")
    record(store, [PASSED], NOW, generation=3)
    refuse_stopped(store, "esp")
    assert open_stops(store) == []


def test_since_when_is_when_it_began(store: Store) -> None:
    for days in range(3):
        record(store, [FAILED], NOW + timedelta(days), generation=2)
    (stop,) = open_stops(store)
    assert stop.since == NOW


def test_a_release_lets_it_pass_once_and_is_logged(store: Store) -> None:
    record(store, [FAILED], NOW)
    until = release(store, FAILED.check, "anna", "a new form", NOW)
    assert until == NOW + timedelta(hours=24)
    (released,) = with_releases(store, [FAILED], NOW)
    assert released.word is Word.RELEASED
    record(store, [released], NOW)
    assert open_stops(store) == []
    assert restarts(store) == {FAILED.check: datetime(2017, 10, 31).date()}
    assert with_releases(store, [FAILED], NOW)[0].word is Word.FAILED
    assert [(row["actor"], row["reason"]) for row in releases(store)] == [("anna", "a new form")]


def test_a_release_waits_while_something_else_stops(store: Store) -> None:
    other = replace(FAILED, check="sync_esp.rows")
    record(store, [FAILED, other], NOW)
    release(store, FAILED.check, "anna", "a new form", NOW)
    record(store, with_releases(store, [FAILED, other], NOW), NOW)
    assert with_releases(store, [FAILED], NOW)[0].word is Word.RELEASED


def test_an_unused_release_is_gone_after_a_day(store: Store) -> None:
    record(store, [FAILED], NOW)
    release(store, FAILED.check, "anna", "a new form", NOW)
    assert with_releases(store, [FAILED], NOW + timedelta(hours=25))[0].word is Word.FAILED


def test_what_broke_is_not_released(store: Store) -> None:
    record(store, [replace(FAILED, word=Word.BROKE)], NOW)
    with pytest.raises(CdpError, match="nobody knows what the data is like"):
        release(store, FAILED.check, "anna", "never mind", NOW)
    with pytest.raises(CdpError, match="stops nothing"):
        release(store, "sync_sms.rows", "anna", "never mind", NOW)


def test_verdicts_reach_the_lake_once(store: Store, tmp_path: Path) -> None:
    for _ in range(2):
        record(store, [FAILED, PASSED], NOW)
        project_checks(store, tmp_path / "lake")
    project_checks(store, tmp_path / "lake")
    parts = sorted(file.name for file in (tmp_path / "lake/raw/receipts/checks").glob("*.parquet"))
    assert parts == ["000000000001-000000000002.parquet", "000000000003-000000000004.parquet"]
