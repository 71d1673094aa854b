"""One step of the benchmark of syncs, in a process whose memory is its own; prints what it measured as JSON."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from random import SystemRandom
from typing import Any

import duckdb
import pyarrow as pa
import typer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cdp.clock import SystemClock
from cdp.landing.lake import parquet_relation
from cdp.store import open_store
from cdp.warehouse.port import Generation, Reader
from reverse_etl.allowance import StoreAllowance
from reverse_etl.declarations import Sync
from reverse_etl.destinations.connector import CapabilitySheet
from reverse_etl.destinations.http import HttpCaller
from reverse_etl.destinations.rows import fields_of
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


class FileReader:
    """See `cdp.warehouse.port.Reader`: one DuckDB file, and the receipts of a lake."""

    dialect = "duckdb"
    generation = Generation(1, datetime(2024, 5, 1), 1, "benchmark")

    def __init__(self, file: Path, lake: Path) -> None:
        self._connection, self._receipts = duckdb.connect(str(file)), lake / "raw" / "receipts" / "receipts"

    def relation(self, model: str) -> str:
        return f'"{model}"'

    def receipts(self) -> str:
        parts = sorted(self._receipts.glob("*.parquet"))
        names = "seq bigint, sync varchar, key varchar, operation varchar, verdict varchar, row_hash varchar"
        typed = [column.split() for column in f"{names}, remote_id varchar, target varchar".split(", ")]
        empty = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in typed)
        return parquet_relation(parts) if parts else f"(select {empty} where false)"

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> pa.RecordBatchReader:
        return self._connection.cursor().sql(sql, params=list(parameters)).to_arrow_reader(65_536)

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
def plan(rows: int, folder: Path) -> None:
    """Compare `rows` rows, a hundredth of them changed, with what was acknowledged: counts, then every operation."""
    lake = folder / "lake"
    parts = lake / "raw" / "receipts" / "receipts"
    parts.mkdir(parents=True)
    file = folder / "warehouse.duckdb"
    source(rows, file)
    reader = FileReader(file, lake)
    with duckdb.connect() as engine:
        engine.register("planned", _operations(reader))
        engine.execute(
            f"copy (select 1 as seq, 'sink_people' as sync, _key as key, 'add' as operation, 'ok' as verdict, "
            f"_row_hash as row_hash, cast(null as varchar) as remote_id, '{SYNC.target}' as target from planned) "
            f"to '{parts}/000000000001-000000000001.parquet' (format parquet)"
        )
    reader.query("select 1")
    reader._connection.execute("update sync_sink__people set city = 'Elsewhere' where hash(id) % 100 = 0")
    started = time.perf_counter()
    made = make_plan(reader, SYNC)
    counted = time.perf_counter() - started
    sent = sum(batch.num_rows for batch in made.operations())
    print(json.dumps({"counts": counted, "operations": time.perf_counter() - started - counted, "changed": sent}))


def _operations(reader: FileReader) -> pa.RecordBatchReader:
    batches = make_plan(reader, SYNC).operations()
    first = next(batches)

    def everything() -> Iterator[pa.RecordBatch]:
        yield first
        yield from batches

    return pa.RecordBatchReader.from_batches(first.schema, everything())


if __name__ == "__main__":
    app()
