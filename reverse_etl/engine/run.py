"""One run of one sync: finish what is left, plan, queue the whole plan, deliver it, and account for every row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from cdp.errors import BusyError, CdpError, GateError
from cdp.warehouse.port import Reader
from reverse_etl.declarations import Sync
from reverse_etl.engine.cut import cut
from reverse_etl.engine.delivery import Delivery, Ending
from reverse_etl.engine.events import Planned, RunEnded, RunStarted
from reverse_etl.engine.guards import reason_to_doubt, reason_to_hold
from reverse_etl.engine.plan import Plan, make_plan
from reverse_etl.engine.ports import Projection
from reverse_etl.engine.words import Counts, PlanCounts, Status
from reverse_etl.engine.world import World

_EXIT_CODES = {Status.OK: 0, Status.PENDING: 0, Status.HELD: GateError.exit_code}


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What one run did, in so many seconds. `plan` is None where it never came to one; `counts` always adds up.

    `has_doubts` where more rows were refused than its guards take for normal.
    """

    sync: str
    destination: str
    run: int
    status: Status
    reason: str
    counts: Counts
    plan: PlanCounts | None
    seconds: float = 0.0
    has_doubts: bool = False

    @property
    def reject_share(self) -> float:
        """Of the rows that were answered; 0 where none was."""
        answered = self.counts.ok + self.counts.rejected
        return self.counts.rejected / answered if answered else 0.0

    @property
    def exit_code(self) -> int:
        """0 ok, also while the tool is at work; 4 held for a person; 1 for whatever must be run again or repaired."""
        return _EXIT_CODES.get(self.status, 1)


class SyncRun:
    """One run of `sync`; whoever calls holds the sync's lease. `agreed` is the digest of the only plan that may go."""

    def __init__(self, sync: Sync, world: World, agreed: str = "") -> None:
        self._sync, self._world, self._agreed = sync, world, agreed
        self._plan: PlanCounts | None = None

    def go(self) -> SyncResult:
        """Run to an end. What a person can act on is in the result; only a lost lease is raised, as BusyError."""
        ledger, time = self._world.ledger, self._world.time
        began = time.monotonic()
        run = ledger.begin(time.now())
        self._world.observer(RunStarted(self._sync.name, run))
        try:
            ending = self._steps(run)
        except BusyError:
            raise
        except CdpError as error:
            ending = Ending(Status.FAILED, str(error))
        doubts = reason_to_doubt(ledger.answered(run), self._sync.guards)
        ending = self._doubted(ending, doubts) if doubts else ending
        counts = ledger.conclude(run, ending.status, ending.reason, time.now())
        if counts.accounted != counts.planned:
            raise CdpError(f"run {run} of {self._sync.name} does not add up: {counts}.", remedy="Report this.")
        self._world.projection.catch_up()
        self._world.projection.renew_checkpoint(self._sync, self._world.warehouse)
        self._world.observer(RunEnded(self._sync.name, run, ending.status, ending.reason, counts))
        who = (self._sync.name, self._sync.destination, run)
        seconds = time.monotonic() - began
        return SyncResult(*who, ending.status, ending.reason, counts, self._plan, seconds, bool(doubts))

    def _doubted(self, ending: Ending, doubts: str) -> Ending:
        """What else went wrong is told as well."""
        remedy = f"Codes and rows: cdp sync rejected {self._sync.name}. When what they lack is repaired: cdp sync retry"
        told = f"{doubts}. {remedy}"
        return Ending(Status.FAILED, told if ending.status is Status.OK else f"{ending.reason}; {told}")

    def _steps(self, run: int) -> Ending:
        world = self._world
        delivery = Delivery(self._sync, run, world)
        left_over = delivery.drain(is_left_over=True)
        if left_over.status is not Status.OK:
            return left_over
        world.projection.catch_up()  # what was left over has been answered: a reader sees what was there before it
        with world.warehouse.reader() as reader:
            plan = plan_against_receipts(reader, self._sync, world.projection, world.ledger.last_receipt())
            self._plan = plan.counts
            world.observer(Planned(self._sync.name, plan.counts))
            age = world.time.now() - reader.generation.as_of
            stopped = self._disagreement(plan) or self._hold(run, plan, age)
            if stopped is not None:
                return stopped
            self._queue(run, reader, plan)
        return delivery.drain()

    def _disagreement(self, plan: Plan) -> Ending | None:
        if not self._agreed or plan.digest() == self._agreed:
            return None
        counts = plan.counts
        now = f"+{counts.add:,} ~{counts.update:,} -{counts.remove:,}"
        remedy = f"Nothing was sent. Save and review it again: cdp plan {self._sync.name} --save FILE"
        return Ending(Status.FAILED, f"the plan is no longer the one that was saved; it would now be {now}. {remedy}")

    def _hold(self, run: int, plan: Plan, age: timedelta) -> Ending | None:
        reason = self._moved(plan) or reason_to_hold(plan.counts, self._sync.guards, age)
        if not reason or not self._world.ledger.hold(
            run, plan.digest(), reason, plan.counts.operations + plan.counts.set_aside, self._world.time.now()
        ):
            return None
        remedy = f"Whoever owns it ({self._sync.owner}) looks, then: cdp sync release {self._sync.name} --reason …"
        return Ending(Status.HELD, f"{reason}. {remedy}")

    def _moved(self, plan: Plan) -> str:
        """Why a sync whose list or key is another one than before must wait for a person."""
        before = self._world.ledger.last_target()
        if before in {None, self._sync.target} or plan.counts.acknowledged:
            return ""
        stays = "what it had put there stays there"
        return f"it kept {before} and would now fill {self._sync.target} from the start; {stays}"

    def _queue(self, run: int, reader: Reader, plan: Plan) -> None:
        limits = self._world.destination.capabilities
        batches = cut(plan.operations(), limits.max_rows, limits.max_bytes)
        self._world.ledger.enqueue(run, reader.generation.number, batches, plan.counts.set_aside)


def plan_against_receipts(reader: Reader, sync: Sync, projection: Projection, newest: int) -> Plan:
    """A plan that has seen every verdict, up to receipt number `newest`.

    Raises CdpError where the warehouse does not see the newest receipts of this sync.
    """
    visible = projection.catch_up()
    if visible < newest:
        raise CdpError(
            f"the warehouse sees the receipts of {sync.name} up to number {visible}, but {newest} are there.",
            remedy="Look whether the lake's folder can be written, then run the sync again.",
        )
    return make_plan(reader, sync, projection.checkpoint(sync))
