"""One step of the benchmark of syncs, in a process whose memory is its own; prints what it measured as JSON."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from random import SystemRandom

import duckdb
import typer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cdp.clock import SystemClock
from cdp.landing.lake import Lake
from cdp.store import open_store
from cdp.warehouse.duckdb import DuckDBReader
from cdp.warehouse.port import Generation, Reader
from reverse_etl.allowance import StoreAllowance
from reverse_etl.checkpoints import Checkpoints
from reverse_etl.declarations import Sync
from reverse_etl.destinations.connector import CapabilitySheet
from reverse_etl.destinations.http import HttpCaller
from reverse_etl.destinations.rows import fields_of
from reverse_etl.engine.diff import row_hash
from reverse_etl.engine.events import unobserved
from reverse_etl.engine.plan import make_plan
from reverse_etl.engine.ports import Limit
from reverse_etl.engine.retry import Backoff
from reverse_etl.engine.run import SyncRun
from reverse_etl.engine.words import Batch, Reply
from reverse_etl.engine.world import World
from reverse_etl.ledger import StoreLedger
from reverse_etl.payload import Seal, new_key
from reverse_etl.receipts import ReceiptsProjection
from reverse_etl.runs import RunTime
from reverse_etl.sandbox.serving import bound_listener, serve, url_of

ROWS_PER_CALL = 10_000
PEOPLE = """
create or replace table sync_sink__people as
select
    'p' || i as id, 'anna' || i || '@example.com' as email, 'Anna' || i % 1000 as first_name, 'City ' || i % 300 as city
from range({rows}) as r (i)
"""
SYNC = Sync.model_validate(
    {
        "name": "sink_people",
        "description": "Everybody, to a tool that takes everything.",
        "owner": "benchmark",
        "model": "sync_sink__people",
        "destination": "sink",
        "object": "people",
        "key": "id",
        "fields": {"email": "email", "first_name": "first_name", "city": "city"},
    }
)
app = typer.Typer()


class FileReader(DuckDBReader):
    """One DuckDB file, and the receipts of a lake."""

    def __init__(self, file: Path, lake: Path, is_read_only: bool = True) -> None:
        generation = Generation(1, datetime(2024, 5, 1), 1, "benchmark")
        super().__init__(duckdb.connect(str(file), read_only=is_read_only), generation, Lake(lake))

    def relation(self, model: str) -> str:
        return f'"{model}"'

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        yield self


class Sink:
    """A bulk API that takes ten thousand rows a call, as many calls as its `limits` allow."""

    def __init__(self, url: str, limits: tuple[Limit, ...]) -> None:
        self.capabilities = CapabilitySheet(
            modes=frozenset({"mirror"}),
            max_rows=ROWS_PER_CALL,
            max_bytes=50_000_000,
            limits=limits,
            acknowledges="batch",
            idempotency="natural",
        )
        self._http = HttpCaller(url, {})

    def send(self, batch: Batch) -> Reply:
        rows = [{"id": key, **fields} for key, fields in zip(batch.keys, fields_of(batch), strict=True)]
        return self._http.post("/people", {"rows": rows}, lambda _: {})

    def close(self) -> None:
        self._http.close()


@app.command()
def source(rows: int, file: Path) -> None:
    """People to send."""
    with duckdb.connect(str(file)) as connection:
        connection.execute(PEOPLE.format(rows=rows))


@app.command()
def sink() -> None:
    """Serve an API that takes whatever comes, and says on its first line where it is."""
    calls: list[float] = []

    async def take(request: Request) -> Response:
        await request.body()
        calls.append(time.monotonic())
        return JSONResponse({})

    async def told(_: Request) -> Response:
        return JSONResponse({"calls": calls})

    listener = bound_listener()
    print(url_of(listener), flush=True)
    routes = [Route("/people", take, methods=["POST"]), Route("/calls", told)]
    serve(Starlette(routes=routes), listener).run(sockets=[listener])


@app.command()
def ours(file: Path, url: str, calls_per_second: int = 0) -> None:
    """Plan, outbox, calls, receipts and their way into the lake: all rows, from the start."""
    limits = (Limit(calls_per_second, seconds=1),) if calls_per_second else ()
    with tempfile.TemporaryDirectory(prefix="syncs-") as folder:
        lake, ticking = Path(folder) / "lake", RunTime(SystemClock())
        store, warehouse = open_store(f"sqlite:///{folder}/store.db"), FileReader(file, lake)
        destination = Sink(url, limits)
        started = time.perf_counter()
        with store.lease(f"sync:{SYNC.name}") as lease:
            world = World(
                warehouse=warehouse,  # type: ignore[arg-type]
                projection=ReceiptsProjection(store, lake),
                destination=destination,
                ledger=StoreLedger(store, lease, SYNC.name, SYNC.target, seal=Seal([new_key()])),
                permission=_Everybody(),
                allowance=StoreAllowance(store, "sink", limits, ticking),
                time=ticking,
                rng=SystemRandom(),
                backoff=Backoff(),
                observer=unobserved,
            )
            result = SyncRun(SYNC, world).go()
        print(json.dumps({"seconds": time.perf_counter() - started, "ok": result.counts.ok}))
        destination.close()
        store.close()


class _Everybody:
    """Nobody has opted out."""

    def withdrawn(self, _: Batch) -> frozenset[str]:
        return frozenset()

    unwanted = withdrawn


@app.command()
def drt(file: Path, url: str, mode: str) -> None:
    """The same rows by drt's own source and destination, in its `batch` or its `record` mode."""
    from drt.config.destinations_saas import RestApiDestinationConfig
    from drt.config.profiles import DuckDBProfile
    from drt.config.sync_options import RateLimitConfig, SyncOptions
    from drt.destinations.rest_api import RestApiDestination
    from drt.engine.sync import batch as batches
    from drt.sources.duckdb import DuckDBSource

    template = {"batch_template": '{"rows": {{ rows | tojson }}}', "max_records_per_request": ROWS_PER_CALL}
    body = template if mode == "batch" else {"body_template": '{"rows": [{{ row | tojson }}]}'}
    told = {"type": "rest_api", "url": f"{url}/people", "body_mode": mode, **body}
    config = RestApiDestinationConfig.model_validate(told)
    options = SyncOptions(rate_limit=RateLimitConfig(requests_per_second=100_000))
    destination, done, started = RestApiDestination(), 0, time.perf_counter()
    rows = DuckDBSource().extract("select * from sync_sink__people", DuckDBProfile("duckdb", str(file)))
    for some in batches(rows, ROWS_PER_CALL):
        done += destination.load(some, config, options).success
    print(json.dumps({"seconds": time.perf_counter() - started, "ok": done}))


@app.command()
def acknowledge(rows: int, folder: Path) -> None:
    """`rows` people whom the tool holds, a hundredth of them since the checkpoint, and a hundredth changed now."""
    file, lake = folder / "warehouse.duckdb", folder / "lake"
    (lake / "raw" / "receipts" / "receipts").mkdir(parents=True)
    source(rows, file)
    _acknowledge(file, lake, "true", seq=1)
    started = time.perf_counter()
    reader = FileReader(file, lake)
    Checkpoints(Lake(lake)).renew(SYNC, reader)  # type: ignore[arg-type]
    print(json.dumps({"checkpoint": time.perf_counter() - started}))
    reader._connection.close()
    _move(file, "hash(id) % 100 = 1", "Yesterday")
    _acknowledge(file, lake, "city = 'Yesterday'", seq=2)
    _move(file, "hash(id) % 100 = 0", "Elsewhere")


def _acknowledge(file: Path, lake: Path, which: str, seq: int) -> None:
    answered = f"{seq} as seq, '{SYNC.name}' as sync, '{SYNC.target}' as target, 'add' as operation, 'ok' as verdict"
    hashed = row_hash(SYNC.fields).sql(dialect="duckdb")
    rows = f"select {answered}, id as key, {hashed} as row_hash, null::varchar as remote_id from {SYNC.model}"
    part = lake / "raw" / "receipts" / "receipts" / f"{seq:012d}-{seq:012d}.parquet"
    with duckdb.connect(str(file), read_only=True) as engine:
        engine.execute(f"copy ({rows} where {which}) to '{part}' (format parquet, compression zstd)")


def _move(file: Path, who: str, city: str) -> None:
    with duckdb.connect(str(file)) as engine:
        engine.execute(f"update {SYNC.model} set city = '{city}' where {who}")


@app.command()
def plan(folder: Path, from_all: bool = False) -> None:
    """Compare them with what was acknowledged: counts, then every operation."""
    reader = FileReader(folder / "warehouse.duckdb", folder / "lake")
    checkpoint = None if from_all else Checkpoints(Lake(folder / "lake")).newest(SYNC)
    started = time.perf_counter()
    made = make_plan(reader, SYNC, checkpoint)
    counted = time.perf_counter() - started
    sent = sum(batch.num_rows for batch in made.operations())
    print(json.dumps({"counts": counted, "operations": time.perf_counter() - started - counted, "changed": sent}))


if __name__ == "__main__":
    app()
