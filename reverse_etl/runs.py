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
from cdp.gates import refuse_stopped
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
from reverse_etl.engine.ports import Destination, StartsOver
from reverse_etl.engine.retry import Backoff
from reverse_etl.engine.run import SyncResult, SyncRun, plan_against_receipts
from reverse_etl.engine.words import Counts, Reply, Status, Verdict
from reverse_etl.engine.world import World
from reverse_etl.feedback.opt_outs import OptOuts
from reverse_etl.ledger import StoreLedger, last_receipt
from reverse_etl.payload import Seal
from reverse_etl.permission import WarehousePermission
from reverse_etl.receipts import ReceiptsProjection
from reverse_etl.reconciling import Reconciled, reconcile
from reverse_etl.reported import resolve_reported
from reverse_etl.sandbox.serving import Sandbox, running_sandbox
from reverse_etl.standing import Books, Word, absent, held, keys_of, note, restate
from reverse_etl.syncs import load_syncs
from reverse_etl.taking_out import TakingOut


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

        Raises BusyError where another run holds it, ConfigurationError where the destination cannot be built, GateError
        where a check has stopped it.
        """
        refuse_stopped(self.store, sync.name)
        resolve_reported(self._books, sync, self.project.clock.now())
        with self._world(sync) as world:
            return SyncRun(sync, world, agreed).go()

    def remove(self, sync: Sync, word: Word) -> SyncResult:
        """Take out of the tool what it holds of ours; errors as `run`."""
        _must_hold_a_list(sync)
        with self._world(sync) as world:
            # What an earlier run left may still be on its way.
            self.projection.catch_up()
            result = TakingOut(sync, world, held(keys_of(self.projection, sync))).go()
        note(self.store, sync, result.run, word)
        return result

    def reconcile(self, sync: Sync) -> Reconciled | None:
        """See `reverse_etl.reconciling`; ConfigurationError where the destination cannot be built."""
        ticking = RunTime(self.project.clock)
        with self._destination(sync) as destination:
            allowance = StoreAllowance(self.store, sync.destination, destination.capabilities.limits, ticking)
            return reconcile(sync, self.projection, destination, allowance, ticking)

    def forget(self, sync: Sync, word: Word) -> None:
        """Put on record that the tool holds nothing of ours. Raises CdpError where it still does."""
        _must_hold_a_list(sync)
        with self._destination(sync) as destination:
            reply = destination.start_over() if isinstance(destination, StartsOver) else Reply(Verdict.OK)
        if reply.verdict is not Verdict.OK:
            raise CdpError(f"{sync.name} cannot start over: {reply.reason}.")
        restate(self._books, sync, absent(keys_of(self.projection, sync)), word)

    @property
    def _books(self) -> Books:
        return Books(self.store, self.projection, self.seal)

    @contextmanager
    def _world(self, sync: Sync) -> Iterator[World]:
        ticking = RunTime(self.project.clock)
        with self.store.lease(f"sync:{sync.name}") as lease, self._destination(sync) as destination:
            yield World(
                warehouse=self.warehouse,
                projection=self.projection,
                destination=destination,
                ledger=StoreLedger(
                    self.store,
                    lease,
                    sync.name,
                    sync.target,
                    seal=self.seal,
                    keep=self._keep,
                    formerly=sync.formerly,
                ),
                permission=self._permission(sync),
                allowance=StoreAllowance(self.store, sync.destination, destination.capabilities.limits, ticking),
                time=ticking,
                rng=self.rng,
                backoff=self.backoff,
                observer=self.observer,
            )

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
        projection.catch_up()
        with open_warehouse(project).reader() as reader:
            for sync in syncs:
                yield plan_against_receipts(reader, sync, projection, last_receipt(store, sync.name))
    finally:
        store.close()


def reconcile_syncs(project: Project, names: Sequence[str] | None = None) -> Iterator[Reconciled]:
    """What the tools of syncs say that they hold; of those that can be asked."""
    syncs = load_syncs(project, names)
    with runner(project, syncs) as ready:
        ready.projection.catch_up()
        yield from filter(None, map(ready.reconcile, syncs))


def remove_from_tool(project: Project, sync: Sync, word: Word) -> SyncResult:
    """See `Runner.remove`."""
    with runner(project, [sync]) as ready:
        return ready.remove(sync, word)


def forget(project: Project, sync: Sync, word: Word) -> None:
    """See `Runner.forget`."""
    with runner(project, [sync]) as ready:
        ready.forget(sync, word)


def _must_hold_a_list(sync: Sync) -> None:
    if sync.mode in {"send", "append"}:
        raise CdpError(
            f"{sync.name} has sent messages, and they cannot be taken back or sent again at once.",
            remedy="Only a list can be emptied or begun anew.",
        )


def _attempt(ready: Runner, sync: Sync, agreed: str) -> SyncResult:
    try:
        return ready.run(sync, agreed)
    except CdpError as error:
        ready.observer(RunEnded(sync.name, 0, Status.FAILED, str(error), Counts()))
        return SyncResult(sync.name, sync.destination, 0, Status.FAILED, str(error), Counts(), None)
