"""The world's year, staged once: generated set by set in SQL, one chunk of households after the other."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path

import duckdb

from cdp.demo import rules
from cdp.demo.engine import open_engine, run_script, set_variables
from cdp.demo.places import Places, packaged, real_rows
from cdp.demo.streams import CRM, HOUSEHOLD_STREAMS, REFERENCE_STREAMS

MANIFEST = "manifest.json"
CHUNK_HOUSEHOLDS = 20_000
CHUNK_EVENTS = 3_000_000
"""Households and web events made at once: they bound memory, whatever the size of the world."""

ROW_GROUP = 16_384
"""Small, so that a day is found without reading the year."""

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
    if spec.customers is None:
        [(real,)] = engine.execute("select count(*) from real_households").fetchall()
        return _build_chunk(engine, draft, range(real), ALL_PERSONS)
    persons = 0
    step = min(CHUNK_HOUSEHOLDS, max(1, int(CHUNK_EVENTS / (2 * spec.events_per_customer))))
    for start in count(0, step):
        persons += _build_chunk(engine, draft, range(start, start + step), spec.customers - persons)
        progress(persons)
        if persons >= spec.customers:
            break
    return persons


def _build_chunk(engine: duckdb.DuckDBPyConnection, draft: Path, households: range, wanted: int) -> int:
    """Build and stage households until `wanted` persons are reached; the number of persons made."""
    set_variables(engine, chunk_from=households.start, chunk_until=households.stop, persons_wanted=wanted)
    for script in CHUNK:
        run_script(engine, "build", f"{script}.sql")
    _stage(engine, draft, [*(stream.name for stream in HOUSEHOLD_STREAMS), CRM], households.start)
    _copy(engine, "truth", "record_key", draft / "truth" / _part(households.start))
    [(made,)] = engine.execute("select count(*) from persons").fetchall()
    return int(made)


def _stage(engine: duckdb.DuckDBPyConnection, draft: Path, names: list[str], first: int) -> None:
    for name in names:
        _copy(engine, f"stage_{name}", "delivered_on, file, position", draft / name / _part(first))


def _part(first: int) -> str:
    """The part that begins with the household of this number."""
    return f"{first:08d}.parquet"


def _copy(engine: duckdb.DuckDBPyConnection, table: str, order: str, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    engine.table(table).order(order).write_parquet(str(file), row_group_size=ROW_GROUP)


def _write_truth(engine: duckdb.DuckDBPyConnection, draft: Path, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    engine.read_parquet(str(draft / "truth" / "*.parquet")).write_parquet(str(file))
    shutil.rmtree(draft / "truth")
