"""The world's year, staged once: generated set by set in SQL, one chunk of households after the other."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from cdp.demo import rules
from cdp.demo.places import Places, packaged, real_rows
from cdp.demo.streams import CRM, HOUSEHOLD_STREAMS, REFERENCE_STREAMS

MANIFEST = "manifest.json"
CHUNK_HOUSEHOLDS = 20_000
CHUNK_EVENTS = 3_000_000
ALL_HOUSEHOLDS = ALL_PERSONS = 2**62
"""More than any world has: nothing is cut."""

SETUP = ("macros", "phones", "real", "reference")
CHUNK = (
    "households",
    "persons",
    "baskets",
    "cards",
    "accounts",
    "devices",
    "orders",
    "receipts",
    "loyalty",
    "marketing",
    "crm",
    "support",
    "sessions",
    "web",
    "consents",
    "mail",
    "truth",
)


@dataclass(frozen=True, slots=True)
class WorldSpec:
    """What names a world: equal specs give equal rows.

    `customers` is a number of persons, made by resampling households; None stands for the real households, or the
    first `households` of them. `events_per_customer` are web events per person.
    """

    seed: int = 42
    customers: int | None = None
    households: int | None = None
    events_per_customer: float = rules.DEFAULT_EVENTS_PER_CUSTOMER
    rates: rules.MessRates = field(default_factory=rules.MessRates)

    @property
    def is_resampled(self) -> bool:
        return self.customers is not None


def build_world(
    spec: WorldSpec, places: Places, *, threads: int | None = None, progress: Callable[[int], None] = lambda _: None
) -> None:
    """Stage the whole year in `places.world` and the truth in `places.truth`; all of it or nothing.

    `progress` is told the number of persons made so far.
    """
    draft = places.folder / "world.draft"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    with open_engine(draft, threads) as engine:
        _prepare(engine, spec)
        _stage(engine, draft, [stream.name for stream in REFERENCE_STREAMS], 0)
        persons = _build_chunks(engine, spec, draft, progress)
        _write_truth(engine, draft, places.truth)
    (draft / MANIFEST).write_text(json.dumps({"spec": asdict(spec), "persons": persons}, indent=1))
    draft.rename(places.world)


def open_engine(scratch: Path, threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """An engine with a bounded memory that spills into `scratch`."""
    settings: dict[str, Any] = {"memory_limit": "3GB", "temp_directory": str(scratch / "spill")}
    if threads is not None:
        settings["threads"] = threads
    engine = duckdb.connect(config=settings)
    engine.execute("set enable_progress_bar = false")
    return engine


def set_variables(engine: duckdb.DuckDBPyConnection, **values: Any) -> None:
    """Give SQL its parameters, read there with `getvariable`."""
    for name, value in values.items():
        engine.execute(f"set variable {name} = ?", [value])


def run_script(engine: duckdb.DuckDBPyConnection, *path: str) -> None:
    engine.execute(packaged("sql", *path).read_text(encoding="utf-8"))


def _prepare(engine: duckdb.DuckDBPyConnection, spec: WorldSpec) -> None:
    set_variables(
        engine,
        seed=spec.seed,
        rates=asdict(spec.rates),
        events_per_customer=float(spec.events_per_customer),
        households=spec.households or ALL_HOUSEHOLDS,
        is_resampled=spec.is_resampled,
        basket_share=rules.RESAMPLED_BASKET_SHARE if spec.is_resampled else 1.0,
        shop_stores_above=rules.SHOP_STORES_ABOVE,
        shop_basket_share=rules.SHOP_BASKET_SHARE,
        mail_domains=list(rules.MAIL_DOMAINS),
        real_rows=str(real_rows()),
        names=str(packaged("names")),
    )
    for script in SETUP:
        run_script(engine, "build", f"{script}.sql")


def _build_chunks(
    engine: duckdb.DuckDBPyConnection, spec: WorldSpec, draft: Path, progress: Callable[[int], None]
) -> int:
    """Build households until there are enough; the number of persons made."""
    [(real,)] = engine.execute("select count(*) from real_households").fetchall()
    step = (
        min(CHUNK_HOUSEHOLDS, max(1, int(CHUNK_EVENTS / (2 * spec.events_per_customer + 1))))
        if spec.is_resampled
        else real
    )
    persons, start = 0, 0
    while persons < spec.customers if spec.customers is not None else start < real:
        wanted = ALL_PERSONS if spec.customers is None else spec.customers - persons
        set_variables(engine, chunk_from=start, chunk_until=start + step, persons_wanted=wanted)
        for script in CHUNK:
            run_script(engine, "build", f"{script}.sql")
        _stage(engine, draft, [*(stream.name for stream in HOUSEHOLD_STREAMS), CRM], start // step)
        _copy(engine, "truth", "record_key", draft / "truth" / _part(start // step))
        [(made,)] = engine.execute("select count(*) from persons").fetchall()
        persons, start = persons + made, start + step
        progress(persons)
    return persons


def _stage(engine: duckdb.DuckDBPyConnection, draft: Path, names: list[str], chunk: int) -> None:
    for name in names:
        _copy(engine, f"stage_{name}", "delivered_on, file, position", draft / name / _part(chunk))


def _part(chunk: int) -> str:
    return f"{chunk:05d}.parquet"


def _copy(engine: duckdb.DuckDBPyConnection, table: str, order: str, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    engine.execute(f"copy (from {table} order by {order}) to '{file}' (format parquet, row_group_size 16384)")


def _write_truth(engine: duckdb.DuckDBPyConnection, draft: Path, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    engine.execute(f"copy (from read_parquet('{draft / 'truth' / '*.parquet'}')) to '{file}' (format parquet)")
    shutil.rmtree(draft / "truth")
