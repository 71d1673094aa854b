"""dbt killed while it solves the identity graph: the last graph stands, and the next run makes all of the new one."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from cdp.pipeline.dbt import dbt_command, dbt_environment, run_dbt
from cdp.warehouse import Build, Reader, open_warehouse
from tests.integration.shop import Shop

GRAPH = "int_identity__components"
SEED, KILLS = 11, 8
Tables = dict[str, list[str]]


def orders(rng: Random, number: int) -> list[tuple[str, str, str]]:
    """Guests who share addresses and telephones with guests."""
    names = ["Ada Moss", "Bo Kent", "Cy Lane", "Di Reed"]
    return [
        (f"guest{rng.randrange(number)}@example.com", f"{rng.randrange(min(number, 10_000)):04}", rng.choice(names))
        for _ in range(number)
    ]


@pytest.fixture(params=["duckdb", "postgres"])
def shop(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A shop whose graph of the first day is published; the orders of the second have landed."""
    if request.param == "postgres":
        monkeypatch.setenv("CDP_WAREHOUSE_URL", request.getfixturevalue("postgres_database"))
    shop, rng = Shop(tmp_path / "shop", request.param), Random(SEED)
    shop.arrive(1, *orders(rng, 4_000))
    begin(shop)
    run(shop, f"+{GRAPH}")
    open_warehouse(shop.project).publish()
    shop.arrive(2, *orders(rng, 4_000))
    yield shop


def begin(shop: Shop) -> None:
    open_warehouse(shop.project).begin(shop.project.clock.now(), "test")


def begin_and_run(shop: Shop) -> None:
    """A build that has come as far as the graph."""
    begin(shop)
    run(shop, f"+{GRAPH}", "--exclude", GRAPH)


def current(shop: Shop) -> Build:
    build = open_warehouse(shop.project).building()
    assert build is not None
    return build


def run(shop: Shop, *models: str) -> None:
    """Build models into the build that has begun."""
    build = current(shop)
    command = ["build", "--target", build.target, "--exclude-resource-type", "test", "--select", *models]
    finished = run_dbt(shop.project, command, build.environment, capture=True)
    assert finished.returncode == 0, finished.stdout[-3000:]


def seconds_of_a_run(shop: Shop) -> float:
    """Solve the graph undisturbed; for how long."""
    build = current(shop)
    finished = run_dbt(
        shop.project, ["run", "--target", build.target, "--select", GRAPH], build.environment, capture=True
    )
    told = re.search(rf"{GRAPH} .* in ([\d.]+)s", finished.stdout)
    assert told, finished.stdout[-3000:]
    return float(told[1])


def killed_after(shop: Shop, seconds: float) -> None:
    """Start to solve the graph, and kill dbt `seconds` into it."""
    build = current(shop)
    with subprocess.Popen(
        [*dbt_command(), "run", "--target", build.target, "--select", GRAPH],
        cwd=shop.project.dbt_project,
        env=dbt_environment(shop.project, build.environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
    ) as process:
        assert process.stdout
        assert any("START" in line and GRAPH in line for line in process.stdout)
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGKILL)


def graph(shop: Shop) -> Tables:
    """Every table of the graph in the build that has begun, its rows as sorted lines."""
    with open_warehouse(shop.project).candidate() as reader:
        listed = reader.query(
            "select table_schema || '.' || table_name as name from information_schema.tables "
            f"where table_name like '{GRAPH}%' and table_schema in ('cdp', 'cdp_work')"
        )
        names = {name.rpartition(".")[2] for name in listed.read_all()["name"].to_pylist()}
        return {name: _lines(reader, name) for name in sorted(names)}


def _lines(reader: Reader, name: str) -> list[str]:
    return sorted(map(repr, reader.query(f"select * from {reader.relation(name)}").read_all().to_pylist()))


@pytest.mark.proof
def test_dbt_killed_while_it_solves_the_graph(shop: Shop) -> None:
    begin_and_run(shop)
    before, whole = graph(shop), seconds_of_a_run(shop)
    after = graph(shop)
    assert before[GRAPH] != after[GRAPH]

    begin_and_run(shop)
    rng, rolled_back = Random(SEED), 0
    for _ in range(KILLS):
        killed_after(shop, rng.uniform(0, 0.8) * whole)
        standing = graph(shop)
        assert standing in (before, after)
        if standing == before:
            rolled_back += 1
        else:  # it was quicker than the first
            begin_and_run(shop)
    assert rolled_back
    run(shop, GRAPH)
    assert graph(shop) == after
