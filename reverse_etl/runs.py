"""Runs of declared syncs, wired to the project's warehouse, store, lake and tools."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random, SystemRandom

from cdp.address_macros import AddressMacros
from cdp.clock import Clock
from cdp.errors import CdpError
from cdp.landing.lake import Lake
from cdp.project import Project
from cdp.store import Store, open_store
from cdp.warehouse import Warehouse, open_warehouse
from reverse_etl.allowance import StoreAllowance
from reverse_etl.declarations import Sync
from reverse_etl.destinations.accounts import SANDBOX_URL, account_of, address_of, target_of
from reverse_etl.destinations.connector import Account
from reverse_etl.destinations.registry import connector
from reverse_etl.engine.events import Observer, RunEnded, unobserved
from reverse_etl.engine.plan import Plan
from reverse_etl.engine.ports import Destination
from reverse_etl.engine.retry import Backoff
from reverse_etl.engine.run import SyncResult, SyncRun, plan_against_receipts
from reverse_etl.engine.words import Counts, Status
from reverse_etl.engine.world import World
from reverse_etl.feedback.opt_outs import OptOuts
from reverse_etl.ledger import StoreLedger, last_receipt
from reverse_etl.payload import Seal
from reverse_etl.permission import WarehousePermission
from reverse_etl.receipts import ReceiptsProjection
from reverse_etl.sandbox.serving import Sandbox, running_sandbox
from reverse_etl.syncs import load_syncs


class RunTime:
    """The project's clock for what is recorded, the machine's for waiting."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Runner:
    """Everything that the runs of one project share."""

    project: Project
    store: Store
    warehouse: Warehouse
    projection: ReceiptsProjection
    seal: Seal
    sandbox: Sandbox | None
    observer: Observer = unobserved
    backoff: Backoff = field(default_factory=Backoff)
    rng: Random = field(default_factory=SystemRandom)

    def run(self, sync: Sync, agreed: str = "") -> SyncResult:
        """One run under the sync's lease; `agreed` is the digest of the only plan that may go.

        Raises BusyError where another run holds it, ConfigurationError where the destination cannot be built.
        """
        ticking = RunTime(self.project.clock)
        with self.store.lease(f"sync:{sync.name}") as lease, self._destination(sync) as destination:
            world = World(
                warehouse=self.warehouse,
                projection=self.projection,
                destination=destination,
                ledger=StoreLedger(self.store, lease, sync.name, sync.target, seal=self.seal, keep=self._keep),
                permission=self._permission(sync),
                allowance=StoreAllowance(self.store, sync.destination, destination.capabilities.limits, ticking),
                time=ticking,
                rng=self.rng,
                backoff=self.backoff,
                observer=self.observer,
            )
            return SyncRun(sync, world, agreed).go()

    def _permission(self, sync: Sync) -> WarehousePermission:
        reported = OptOuts(self.store, AddressMacros(self.project.dbt_project))
        return WarehousePermission(self.warehouse, Lake(self.project.lake), sync, reported)

    @property
    def _keep(self) -> timedelta:
        return timedelta(days=self.project.settings.store.outbox_days)

    @contextmanager
    def _destination(self, sync: Sync) -> Iterator[Destination]:
        destination = connector(self.project.settings.destinations[sync.destination].type, self.project).build(
            self._account(sync.destination), target_of(self.project, sync)
        )
        try:
            yield destination
        finally:
            destination.close()

    def _account(self, name: str) -> Account:
        address = address_of(self.project, name)
        if address == SANDBOX_URL and self.sandbox is not None:
            kind = self.project.settings.destinations[name].type
            address = self.sandbox.base_url(str(connector(kind, self.project).sandbox_tool))
        return account_of(self.project, name, address)


@contextmanager
def runner(project: Project, syncs: Sequence[Sync], observer: Observer = unobserved) -> Iterator[Runner]:
    """A runner for `syncs`; the sandbox is up for as long as one of them needs it."""
    needs_sandbox = any(address_of(project, sync.destination) == SANDBOX_URL for sync in syncs)
    with ExitStack() as stack:
        store = open_store(project.store_url)
        stack.callback(store.close)
        sandbox = stack.enter_context(running_sandbox(project) if needs_sandbox else nullcontext())
        projection = ReceiptsProjection(store, project.lake)
        yield Runner(project, store, open_warehouse(project), projection, Seal.of(project.state), sandbox, observer)


def run_sync(project: Project, name: str, observer: Observer = unobserved) -> SyncResult:
    """Run one sync; errors as `Runner.run`, and DeclarationError where it is not declared well."""
    syncs = load_syncs(project, [name])
    with runner(project, syncs, observer) as ready:
        return ready.run(syncs[0])


def run_syncs(
    project: Project,
    names: Sequence[str] | None = None,
    observer: Observer = unobserved,
    agreed: Mapping[str, str] | None = None,
) -> list[SyncResult]:
    """Run the syncs called `names` (default: all), one after the other; one that fails does not stop the others.

    `agreed` has the digest of the only plan that may go, by sync.

    Raises DeclarationError where one is not declared well: then nothing runs.
    """
    syncs = load_syncs(project, names)
    if not syncs:
        return []
    with runner(project, syncs, observer) as ready:
        return [_attempt(ready, sync, (agreed or {}).get(sync.name, "")) for sync in syncs]


def plan_syncs(project: Project, names: Sequence[str] | None = None) -> Iterator[Plan]:
    """The plans of the syncs called `names` (default: all), each good until the next is asked for; nothing is sent."""
    syncs = load_syncs(project, names)
    store = open_store(project.store_url)
    try:
        projection = ReceiptsProjection(store, project.lake)
        with open_warehouse(project).reader() as reader:
            for sync in syncs:
                yield plan_against_receipts(reader, sync, projection, last_receipt(store, sync.name))
    finally:
        store.close()


def _attempt(ready: Runner, sync: Sync, agreed: str) -> SyncResult:
    try:
        return ready.run(sync, agreed)
    except CdpError as error:
        ready.observer(RunEnded(sync.name, 0, Status.FAILED, str(error), Counts()))
        return SyncResult(sync.name, sync.destination, 0, Status.FAILED, str(error), Counts(), None)
