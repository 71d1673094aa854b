"""The gate of the landing: what has arrived is judged before it becomes visible, so that what fails leaves no trace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from cdp.errors import CdpError, GateError
from cdp.landing.batch import Batch
from cdp.landing.land import TableLanding
from cdp.project import Project
from cdp.store import Store
from cdp.warehouse import open_warehouse
from quality.judgement import judged_verdicts
from quality.landing.inspecting import Inspection, TableArrival
from quality.projection import project_checks
from quality.record import record, restarts, with_releases
from quality.thresholds import load_thresholds
from quality.verdicts import Verdict, Word

Watch = Callable[[Sequence[Verdict]], None]
WHOLE = "landing.inspection"
_WENT_WELL = Verdict(WHOLE, "landing", "landing", Word.PASSED, None)


def landing_gate(
    project: Project, store: Store, watch: Watch = lambda _verdicts: None
) -> Callable[[Batch, list[TableLanding]], None]:
    """What a landing asks before it commits; `watch` is told every verdict.

    It raises GateError where a check fails, CdpError where one broke: nothing of the batch becomes visible then.
    """
    thresholds = load_thresholds(project)

    def inspect(batch: Batch, landed: list[TableLanding]) -> None:
        arrivals = [_arrival(batch, table) for table in landed]
        inspection = Inspection(arrivals, batch.as_of, _since(project), restarts(store), thresholds)
        verdicts = _judged(store, inspection)
        record(store, verdicts, batch.as_of, batch=batch.number)
        project_checks(store, project.lake)
        watch(verdicts)
        _refuse(verdicts)

    return inspect


def _judged(store: Store, inspection: Inspection) -> list[Verdict]:
    try:
        found = judged_verdicts(inspection.verdicts())
    except CdpError:
        raise
    except Exception as error:
        told = (f"it broke ({type(error).__name__}): what has arrived was not judged",)
        record(store, [Verdict(WHOLE, "landing", "landing", Word.BROKE, None, told=told)], inspection.as_of)
        raise CdpError(
            f"the inspection of the landing broke ({type(error).__name__}): what has arrived was not judged, "
            "so it has not landed.",
            remedy="CDP_TRACEBACK=1 shows the way to it.",
        ) from error
    return [_WENT_WELL, *with_releases(store, found, inspection.as_of)]


def _arrival(batch: Batch, landed: TableLanding) -> TableArrival:
    table, lake = landed.table, batch.lake
    written = lake.part(table.source, table.name, batch.number)
    return TableArrival(
        table=table,
        seen=tuple(lake.parts(table.source, table.name)),
        new=(written,) if landed.landed else (),
        lines_in=landed.lines_in,
        rejected=landed.rejected,
        refusals=landed.refusals,
    )


def _since(project: Project) -> datetime | None:
    published = open_warehouse(project).published()
    return published.as_of if published else None


def _refuse(verdicts: Sequence[Verdict]) -> None:
    stopping = [verdict for verdict in verdicts if verdict.is_stopping]
    if not stopping:
        return
    told = "\n".join(f"  {verdict.check}: {'; '.join(verdict.told)}" for verdict in stopping)
    raise GateError(
        f"what has arrived is not fit to be used, so none of it has landed, and nothing was built or sent:\n{told}\n",
        remedy=f"Replace the files, or let it pass: `cdp gate release {stopping[0].check} --reason …`; then run again. "
        "docs/runbooks/blocked-build.md says more.",
    )
