"""Generations on DuckDB: write, audit, publish; readers never meet a writer."""

from __future__ import annotations

import errno
import os
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from cdp.errors import ConfigurationError
from cdp.landing.lake import last_arrival
from cdp.warehouse.duckdb import FILE_VARIABLE, DuckDBReader, DuckDBWarehouse
from tests.doubles.inbox import Company

AS_OF, KEPT_GENERATIONS = datetime(2024, 5, 1, 6), 3


@pytest.fixture
def warehouse(company: Company) -> DuckDBWarehouse:
    return DuckDBWarehouse(company.project)


def write(warehouse: DuckDBWarehouse, value: int, fingerprint: str = "f") -> Path:
    """Begin a build with one model of one row, as dbt would; the path of its file."""
    file = Path(warehouse.begin(AS_OF, fingerprint).environment[FILE_VARIABLE])
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema if not exists cdp")
        connection.execute(f"create or replace table cdp.model as select {value} as value")
    return file


def value(reader: DuckDBReader) -> int:
    (row,) = reader.query(f"select value from {reader.relation('model')}").read_all().to_pylist()
    return int(row["value"])


def read(warehouse: DuckDBWarehouse) -> int:
    with warehouse.reader() as reader:
        return value(reader)


def content(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_nothing_is_read_before_the_first_publication(warehouse: DuckDBWarehouse) -> None:
    assert warehouse.published() is None
    with pytest.raises(ConfigurationError, match="nothing has been built yet"), warehouse.reader():
        pass
    with pytest.raises(ConfigurationError, match="no build has begun"), warehouse.candidate():
        pass
    with pytest.raises(ConfigurationError, match="no build has begun"):
        warehouse.publish()


def test_a_build_is_read_by_its_audit_alone_until_it_is_published(warehouse: DuckDBWarehouse) -> None:
    write(warehouse, 1)
    warehouse.publish()
    write(warehouse, 2)
    assert read(warehouse) == 1
    with warehouse.candidate() as audit:
        assert value(audit) == 2
    assert warehouse.publish().number == 2
    assert read(warehouse) == 2
    assert warehouse.building() is None


def test_a_build_starts_from_what_is_published(warehouse: DuckDBWarehouse) -> None:
    write(warehouse, 1)
    warehouse.publish()
    warehouse.begin(AS_OF, "f")
    with warehouse.candidate() as reader:
        assert value(reader) == 1


def test_a_discarded_build_leaves_the_bytes_of_what_is_published(company: Company, warehouse: DuckDBWarehouse) -> None:
    write(warehouse, 1)
    warehouse.publish()
    before = content(company.project.warehouse_folder)
    write(warehouse, 2)
    warehouse.discard()
    assert content(company.project.warehouse_folder) == before
    assert warehouse.building() is None


def test_a_killed_build_is_swept_by_the_next(warehouse: DuckDBWarehouse) -> None:
    write(warehouse, 1)
    warehouse.publish()
    write(warehouse, 2).with_suffix(".wal").write_bytes(b"torn")
    assert DuckDBWarehouse(warehouse._project).begin(AS_OF, "g").generation.number == 2
    with warehouse.candidate() as reader:
        assert value(reader) == 1


def test_a_build_killed_while_being_published_never_was(
    company: Company, warehouse: DuckDBWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(warehouse, 1)
    warehouse.publish()
    write(warehouse, 2)
    (company.project.warehouse_folder / "candidate").rename(company.project.warehouse_folder / "000002")
    assert read(warehouse) == 1
    assert warehouse.begin(AS_OF, "g").generation.number == 2
    with warehouse.candidate() as reader:
        assert value(reader) == 1


def test_a_reader_keeps_its_generation_while_others_are_published_and_it_is_collected(
    company: Company, warehouse: DuckDBWarehouse
) -> None:
    write(warehouse, 1)
    warehouse.publish()
    with warehouse.reader() as old:
        for number in range(2, KEPT_GENERATIONS + 3):
            write(warehouse, number)
            warehouse.publish()
        assert not (company.project.warehouse_folder / "000001").exists()
        assert value(old) == 1
        assert read(warehouse) == KEPT_GENERATIONS + 2
    folders = [folder.name for folder in company.project.warehouse_folder.iterdir() if folder.is_dir()]
    assert len(folders) == KEPT_GENERATIONS


def test_a_generation_remembers_what_went_in(company: Company, warehouse: DuckDBWarehouse) -> None:
    write(warehouse, 1, "first")
    warehouse.publish()
    generation = DuckDBWarehouse(company.project).published()
    assert generation is not None
    assert (generation.number, generation.as_of, generation.batch, generation.fingerprint) == (1, AS_OF, 1, "first")


def test_the_clock_says_what_the_published_generation_could_see(warehouse: DuckDBWarehouse) -> None:
    file = write(warehouse, 1)
    with duckdb.connect(str(file), read_only=True) as connection:
        assert connection.execute("from control.clock").fetchall() == [(AS_OF, 1, 1, 0)]
    warehouse.publish()
    with duckdb.connect(str(write(warehouse, 2)), read_only=True) as connection:
        assert connection.execute("from control.clock").fetchall() == [(AS_OF, 2, 1, last_arrival(1))]


def test_a_reader_cannot_write(warehouse: DuckDBWarehouse) -> None:
    write(warehouse, 1)
    warehouse.publish()
    with warehouse.reader() as reader, pytest.raises(duckdb.Error, match="read-only"):
        reader.query("create table cdp.another as select 1 as x")


def test_a_copy_that_does_not_fit_is_not_left_behind(
    warehouse: DuckDBWarehouse, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(warehouse, 1)
    warehouse.publish()
    before = content(company.project.warehouse_folder)

    def half(_: Path, target: Path) -> None:
        target.write_bytes(b"half of it")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("cdp.warehouse.duckdb.shutil.copyfile", half)
    with pytest.raises(OSError, match="No space left"):
        warehouse.begin(AS_OF, "f")
    assert content(company.project.warehouse_folder) == before


@pytest.mark.parametrize("name", ['model"; drop', "Model", "a.b.c", ""])
def test_a_relation_is_a_plain_name(warehouse: DuckDBWarehouse, name: str) -> None:
    write(warehouse, 1)
    warehouse.publish()
    with warehouse.reader() as reader, pytest.raises(ValueError, match="is not the name of a model"):
        reader.relation(name)


def test_parameters_and_streams(warehouse: DuckDBWarehouse) -> None:
    write(warehouse, 7)
    warehouse.publish()
    with warehouse.reader() as reader:
        first = reader.query("select * from range(100000)")
        second = reader.query(f"select value from {reader.relation('model')} where value = ? and '?' = ?", [7, "?"])
        assert second.read_all().num_rows == 1
        assert sum(batch.num_rows for batch in first) == 100_000


def test_what_is_kept_stays_beside_the_generation(warehouse: DuckDBWarehouse) -> None:
    write(warehouse, 7)
    warehouse.publish()
    with warehouse.reader() as reader:
        for number in (1, 2):
            kept = reader.keep("some", f"select value + {number} as value from {reader.relation('model')}")
            assert reader.query(f"select value from {kept}").read_all().to_pylist() == [{"value": 7 + number}]
    with warehouse.reader() as reader, pytest.raises(Exception, match="some"):
        reader.query("select * from some")


def test_receipts_are_typed_where_there_is_none(warehouse: DuckDBWarehouse) -> None:
    write(warehouse, 1)
    warehouse.publish()
    with warehouse.reader() as reader:
        empty = reader.query(f"select seq, verdict from {reader.receipts()}").read_all()
    assert (empty.num_rows, empty.schema.names) == (0, ["seq", "verdict"])
