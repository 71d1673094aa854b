"""The doctor names what is wrong and what to do; every bad case is one line."""

from __future__ import annotations

import json
import shutil
import socket
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cdp.errors import CdpError
from cdp.operations import checks
from cdp.operations.doctor import Finding, examine
from cdp.operations.freshness import allowed_hours
from cdp.operations.generations import roll_back
from cdp.project import Project
from cdp.store import open_store
from cdp.store.schema import leases, sync_runs
from reverse_etl.examination import credentials, syncs
from tests.doubles.inbox import MORNING, Company
from tests.doubles.warehouses import Engine


@pytest.fixture
def project(company: Company) -> Project:
    (company.root / "dbt_project/dbt_project.yml").touch()
    return company.project


def only(findings: Any) -> Finding:
    (finding,) = findings
    assert isinstance(finding, Finding)
    return finding


def said(findings: Any) -> dict[str, tuple[str, str]]:
    return {finding.check: (finding.level, finding.told) for finding in findings}


def test_every_check_is_found_and_one_that_breaks_is_a_finding(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Project) -> Any:
        raise ZeroDivisionError("canary@example.com")

    class Entry(NamedTuple):
        name: str

        def load(self) -> Any:
            return (checks.configuration, broken)

    monkeypatch.setattr("cdp.operations.doctor.entry_points", lambda group: [Entry("room")])
    sound, unsound = examine(project)
    assert (sound.check, sound.level) == ("configuration", "ok")
    assert (unsound.check, unsound.level) == ("broken", "fail")
    assert "ZeroDivisionError" in unsound.told
    assert "canary" not in unsound.told


def test_the_versions_of_this_installation_are_as_asked_for(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert only(checks.versions(project)).level == "ok"
    monkeypatch.setattr(
        checks, "requires", lambda _: ["duckdb>=99", "nobody-has-this>=1", "dbt-core; python_version < '3'"]
    )
    found = only(checks.versions(project))
    assert found.level == "fail"
    assert "duckdb is" in found.told
    assert "not>=99, nobody-has-this is missing." in found.told
    assert "dbt-core" not in found.told


def test_addresses_and_credentials_are_named_and_never_shown(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = company.root / "cdp.yml"
    settings.write_text(
        settings.read_text().replace(", file: crm.sqlite", "")
        + "destinations:\n  mail: {type: mailchimp, secret_env: MAIL_KEY, base_url: 'https://us1.example.com'}\n"
        + "  play: {type: sandbox_esp, secret_env: PLAY_KEY}\n"
    )
    project = Project.load(company.root)
    missing = only(checks.secrets(project))
    assert (missing.level, missing.told) == ("fail", "not set: CDP_TEST_CRM_URL.")
    assert only(credentials(project)).told == "not set: MAIL_KEY."
    monkeypatch.setenv("CDP_TEST_CRM_URL", "postgresql://canary")
    monkeypatch.setenv("MAIL_KEY", "canary")
    found = [*checks.secrets(project), *credentials(project)]
    assert [each.level for each in found] == ["ok", "ok"]
    assert "canary" not in str(found)


def test_a_store_that_is_damaged_or_of_a_newer_version(project: Project) -> None:
    assert said(checks.store(project))["store"][0] == "ok"
    file = Path(project.store_url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("update alembic_version set version_num = '9999'")
    with pytest.raises(CdpError, match="a newer one wrote it"):
        list(checks.store(project))
    file.with_name(f"{file.name}-wal").unlink(missing_ok=True)
    file.write_bytes(b"this is no database" * 100)
    with pytest.raises(CdpError, match="damaged"):
        list(checks.store(project))


def test_a_lease_that_somebody_has_held_for_hours(project: Project) -> None:
    with closing(open_store(project.store_url)) as store, store.lease("build"):
        with store.writing() as connection:
            connection.execute(leases.update().values(since=MORNING - timedelta(hours=7)))
        assert said(checks.store(project))["leases"] == ("warn", "held for more than 6 hours: build.")
    assert said(checks.store(project))["leases"][0] == "ok"


def test_a_clock_that_is_behind_what_is_recorded(project: Project) -> None:
    with closing(open_store(project.store_url)) as store, store.writing() as connection:
        run = {"sync": "s", "destination": "d", "status": "ok", "fencing": 1}
        connection.execute(sync_runs.insert().values(**run, started_at=datetime(2030, 1, 1)))
    assert said(checks.store(project))["clock"][0] == "fail"


def test_the_warehouse_before_a_build_and_after_a_rollback(project: Project) -> None:
    assert said(checks.warehouse(project))["warehouse"][0] == "warn"
    engine = Engine(project)
    engine.publish(("a", "1"))
    engine.publish(("b", "1"))
    assert said(checks.warehouse(project)) == {
        "warehouse": ("ok", "generation 2, as of 2024-05-01 06:00:00, can be read.")
    }
    roll_back(project, 1, "olga", "x")
    assert said(checks.warehouse(project))["builds"][0] == "warn"
    (project.warehouse_folder / "000001/warehouse.duckdb").write_bytes(b"torn")
    with pytest.raises(CdpError, match="generation 1 is not there, or is damaged"):
        list(checks.warehouse(project))


@pytest.mark.parametrize(("free", "level"), [(1, "fail"), (1 << 28, "warn"), (1 << 40, "ok")])
def test_the_room_on_the_disk(project: Project, monkeypatch: pytest.MonkeyPatch, free: int, level: str) -> None:
    Engine(project).publish(("a", "1"))
    usage = type("usage", (), {"free": free})
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert only(checks.disk(project)).level == level


def test_what_was_set_aside_lately(company: Company) -> None:
    assert only(checks.rejects(company.project)).level == "ok"
    company.deliver("people/2.csv", "person_id,email,orders\n,canary@example.com,3\n5,d@example.com,1\n")
    company.deliver("people/3.csv", "something else\n1\n")
    company.land()
    found = only(checks.rejects(company.project))
    assert (found.level, found.told) == ("warn", "in 7 days 1 lines were set aside, 1 files refused.")
    (company.root / "clock.json").write_text('{"as_of": "2024-06-01T06:00:00"}')
    assert only(checks.rejects(company.project)).level == "ok"


def test_a_source_that_has_been_silent_for_too_long(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    test = {"test_metadata": {"name": "fresh_within", "kwargs": {"hours": 48}}, "depends_on": {"nodes": ["source.p"]}}
    manifest = {
        "nodes": {"test.a": test, "model.b": {"depends_on": {"nodes": []}}},
        "sources": {"source.p": {"source_name": "raw_files", "name": "people"}},
    }
    assert allowed_hours(manifest) == {"raw_files.people": 48}
    file = company.root / "manifest.json"
    file.write_text(json.dumps(manifest))
    monkeypatch.setattr(checks, "ensure_manifest", lambda _: file)
    assert said(checks.dbt_and_sources(company.project))["sources"][0] == "ok"
    (company.root / "clock.json").write_text('{"as_of": "2024-05-03T07:00:00"}')
    level, told = said(checks.dbt_and_sources(company.project))["sources"]
    assert (level, told) == ("warn", "stale: raw_files.people (nothing for 49 hours, 48 are allowed).")


def test_a_port_that_is_taken(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(checks, "UI_PORT", taken.getsockname()[1])
        assert only(checks.port_of_the_ui(project)).level == "warn"
    assert only(checks.port_of_the_ui(project)).level == "ok"


@pytest.mark.parametrize(("status", "level"), [("ok", "ok"), ("failed", "warn"), ("interrupted", "warn")])
def test_syncs_that_ended_badly(project: Project, monkeypatch: pytest.MonkeyPatch, status: str, level: str) -> None:
    declared = [type("Declared", (), {"name": "newsletter"})]
    monkeypatch.setattr("reverse_etl.examination.load_syncs", lambda _: declared)
    with closing(open_store(project.store_url)) as store, store.writing() as connection:
        run = {"sync": "newsletter", "destination": "d", "status": status, "fencing": 1, "started_at": MORNING}
        connection.execute(sync_runs.insert().values(run))
    assert only(syncs(project)).level == level
