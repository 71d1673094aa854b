"""A backup made while a sync is at work, restored elsewhere: the plan is right, and nothing is sent twice."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdp.errors import ConfigurationError
from cdp.operations.backup import back_up
from cdp.operations.restore import restore
from cdp.operations.store_copy import load_store, save_store
from cdp.project import Project
from cdp.store import open_store
from cdp.store.schema import audit_log, receipts
from reverse_etl.engine.run import SyncResult
from reverse_etl.engine.words import Batch, Counts, Reply, Status
from tests.doubles.engine import ScriptedDestination, capabilities
from tests.doubles.inbox import Company
from tests.doubles.warehouses import Engine, on_engine
from tests.doubles.workbench import Workbench

A, B, C, D = ("a", "1"), ("b", "1"), ("c", "1"), ("d", "1")


@pytest.fixture(params=["duckdb", "postgres"])
def engine(company: Company, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Engine:
    return on_engine(company, request, monkeypatch)


@pytest.fixture
def duckdb_company(company: Company) -> Engine:
    (company.root / "dbt_project/dbt_project.yml").touch()
    return Engine(company.project)


class CopiedMidway(ScriptedDestination):
    """The first call is answered; during the second, after the tool has applied it, a backup is made."""

    project: Project
    backup: Path

    def send(self, batch: Batch) -> Reply:
        reply = super().send(batch)
        if len(self.calls) == 2:
            back_up(self.project, self.backup)
        return reply


def run(bench: Workbench, engine: Engine) -> SyncResult:
    bench.warehouse = engine.warehouse
    return bench.run()


def elsewhere(engine: Engine, postgres: str) -> Engine:
    """The same declarations in an empty folder, with an empty database."""
    root = engine.project.root.with_name("elsewhere")
    for name in ("cdp.yml", "dbt_project"):
        source = engine.project.root / name
        shutil.copytree(source, root / name) if source.is_dir() else None
    shutil.copy(engine.project.root / "cdp.yml", root)
    return Engine(Project.load(root), postgres)


@pytest.fixture
def other_database(engine: Engine, request: pytest.FixtureRequest) -> str:
    from tests.doubles.postgres import empty_database

    return empty_database(request.getfixturevalue("postgres_url")) if engine.url else ""


@pytest.mark.parametrize(("idempotency", "second"), [("none", "unknown"), ("natural", "ok")])
def test_a_backup_made_while_a_sync_sends(
    engine: Engine, other_database: str, monkeypatch: pytest.MonkeyPatch, idempotency: str, second: str
) -> None:
    bench = Workbench(engine.project.root, guards={"max_removal_share": 1.0})
    tool = CopiedMidway(capabilities=capabilities(max_rows=2, idempotency=idempotency))
    tool.project, tool.backup = engine.project, engine.project.root.with_name("backup")
    bench.destination = tool
    engine.publish(A, B, C, D)
    assert run(bench, engine).counts.ok == 4
    bench.close_store()
    if engine.url:
        monkeypatch.setenv("CDP_WAREHOUSE_URL", other_database)
    there = elsewhere(engine, other_database)
    manifest = restore(there.project, tool.backup, "olga")
    assert (manifest.generation, manifest.batches, there.read()) == (1, 1, [A, B, C, D])
    again = Workbench(there.project.root, guards={"max_removal_share": 1.0})
    again.seal, again.destination = (
        bench.seal,
        ScriptedDestination(capabilities=tool.capabilities, members=dict(tool.members)),
    )
    first = run(again, there)
    assert first.counts == Counts(planned=2, **{second: 2})
    assert run(again, there).counts.planned == 0
    assert again.destination.members == tool.members
    sent = sum(rows for _, rows in [*tool.calls, *again.destination.calls])
    assert sent == (4 if idempotency == "none" else 6), "what is idempotent may be asked for again"
    assert there.publish(A, B).number == 2
    assert run(again, there).plan is not None
    again.close_store()


def test_the_lake_is_the_same_and_what_is_derived_is_made_again(duckdb_company: Engine, tmp_path: Path) -> None:
    duckdb_company.publish(A)
    back_up(duckdb_company.project, tmp_path / "backup")
    there = elsewhere(duckdb_company, "")
    restore(there.project, tmp_path / "backup", "olga")
    with there.warehouse.reader() as reader:
        landed = reader.query("select person_id from raw_files.people").read_all()["person_id"].to_pylist()
    assert landed == ["1", "2"]
    with open_store(there.project.store_url).reading() as connection:
        entry = connection.execute(audit_log.select()).one()
    assert (entry.actor, entry.action) == ("olga", "restore")


def test_keys_and_credentials_are_not_in_it(duckdb_company: Engine, tmp_path: Path) -> None:
    root = duckdb_company.project.root
    (root / ".env").write_text("CDP_SANDBOX_ESP_KEY=canary-secret\n")
    (root / "var").mkdir(exist_ok=True)
    (root / "var/outbox.key").write_text("canary-secret")
    back_up(duckdb_company.project, tmp_path / "backup")
    files = [file for file in (tmp_path / "backup").rglob("*") if file.is_file()]
    assert files
    assert [file for file in files if b"canary-secret" in file.read_bytes()] == []
    assert (tmp_path / "backup").stat().st_mode & 0o077 == 0


def test_nothing_is_overwritten(duckdb_company: Engine, tmp_path: Path) -> None:
    duckdb_company.publish(A)
    backup = tmp_path / "backup"
    back_up(duckdb_company.project, backup)
    with pytest.raises(ConfigurationError, match="there is something already"):
        back_up(duckdb_company.project, backup)
    with pytest.raises(ConfigurationError, match="the lake has data already"):
        restore(duckdb_company.project, backup, "olga")
    shutil.rmtree(duckdb_company.project.lake)
    with pytest.raises(ConfigurationError, match="the warehouse has generation 1 already"):
        restore(duckdb_company.project, backup, "olga")
    shutil.rmtree(duckdb_company.project.warehouse_folder)
    restore(duckdb_company.project, backup, "olga")
    assert duckdb_company.read() == [A]


@pytest.mark.parametrize("damage", ["changed", "missing", "more", "manifest", "format", "engine"])
def test_a_damaged_backup_is_refused_before_anything_is_touched(
    duckdb_company: Engine, tmp_path: Path, damage: str
) -> None:
    duckdb_company.publish(A)
    backup = tmp_path / "backup"
    back_up(duckdb_company.project, backup)
    manifest, store = backup / "backup.json", backup / "store.db"
    if damage == "changed":
        store.write_bytes(store.read_bytes()[:-1] + b"!")
    elif damage == "missing":
        store.unlink()
    elif damage == "more":
        (backup / "lake/stranger").touch()
    elif damage == "manifest":
        manifest.write_text("{")
    else:
        wrong = {"format": {"format": 99}, "engine": {"engine": "postgres"}}[damage]
        manifest.write_text(json.dumps(json.loads(manifest.read_text()) | wrong))
    there = elsewhere(duckdb_company, "")
    says = {
        "changed": "the first: store.db",
        "missing": "the first: store.db",
        "more": "the first: lake/stranger",
        "manifest": "this is no backup",
        "format": "format 99",
        "engine": "of a warehouse on postgres",
    }
    with pytest.raises(ConfigurationError, match=says[damage]):
        restore(there.project, backup, "olga")
    assert not (there.project.root / "lake").exists()
    assert not (there.project.root / "var").exists()


@pytest.fixture
def sent(tmp_path: Path) -> Iterator[Workbench]:
    bench = Workbench(tmp_path / "sent")
    bench.want_keys("a", "b")
    assert bench.run().status is Status.OK
    yield bench
    bench.close()


def test_a_store_moves_between_engines(sent: Workbench, tmp_path: Path, postgres_database: str) -> None:
    """SQLite to PostgreSQL and back; the next number is never one that was given before."""
    first, second = tmp_path / "first.db", tmp_path / "second.db"
    save_store(sent.url, first)
    load_store(first, postgres_database)
    with pytest.raises(ConfigurationError, match="knows of syncs already"):
        load_store(first, postgres_database)
    save_store(postgres_database, second)
    contents = []
    for file in (first, second):
        with open_store(f"sqlite:///{file}").reading() as connection:
            contents.append(connection.execute(receipts.select()).all())
    assert contents[0] == contents[1] != []
    row = {**contents[0][0]._mapping}
    given = row.pop("seq")
    with open_store(postgres_database).writing() as connection:
        assert connection.execute(receipts.insert().values(row).returning(receipts.c.seq)).scalar_one() == given + 1
