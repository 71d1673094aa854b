"""The main job in this process: land, build what is due, audit, publish, sync."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dagster import AssetKey, DagsterInstance, Definitions

from cdp.errors import CdpError
from cdp.pipeline.dbt import manifest_file
from cdp.pipeline.due import RESUME, build_is_due, why_builds_wait
from cdp.pipeline.summary import contents
from cdp.project import Project
from cdp.warehouse import open_warehouse
from orchestration.alerts.telling import tell_of_runs
from orchestration.defs.activation import sync_key
from orchestration.defs.automation import ACTIVATE, BUILD, INGEST, STARTED_BY
from orchestration.defs.standing import write_standing
from orchestration.defs.transform import rebuilding
from orchestration.due_syncs import on_schedule
from orchestration.history import forget_old_runs
from orchestration.instance import open_instance
from orchestration.journal import Several
from orchestration.launcher import bury_dead_runs
from orchestration.observer import Observer
from orchestration.report import Report
from orchestration.wiring import build_definitions
from reverse_etl.sandbox.serving import Sandbox

# Dagster keeps every event in its storage; the terminal belongs to the report. A person waits: nothing is tried again.
_QUIETLY = {
    "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
    "execution": {"config": {"retries": {"disabled": {}}}},
}


def run_project(
    project: Project, sandbox: Sandbox, report: Report, journal: Observer, *, rebuild: bool = False
) -> None:
    """One run to its end; what went wrong is in `report.errors`. `rebuild`: build, due or not, from the beginning.

    Raises ConfigurationError where `sandbox` does not come up.
    """
    warnings.filterwarnings("ignore", module=r"dagster.*")
    with open_instance(project) as instance:
        report.say("reading the project")
        jobs = _Jobs(project, build_definitions(project, Several(report, journal)), instance, report)
        report.say(f"waiting for the sandbox at {sandbox.url}")
        report.ready()
        bury_dead_runs(instance)
        jobs.go(rebuild=rebuild)
        for untold in tell_of_runs(project, instance, jobs.runs):
            report.warned(untold)
        write_standing(project, json.loads(manifest_file(project).read_text()), instance)
        forget_old_runs(instance, project.settings.retention.runs)
    if told := why_builds_wait(open_warehouse(project)):
        report.warned(f"{told} {RESUME}")
    if report.landing_result and (refused := report.landing_result.refusal()):
        report.failed(refused)
    if report.generation:
        with open_warehouse(project).reader() as reader:
            report.contents = contents(reader)


@dataclass(slots=True)
class _Jobs:
    """The jobs of one `cdp run`, each of them a run in Dagster's eyes."""

    project: Project
    definitions: Definitions
    instance: DagsterInstance
    report: Report
    runs: list[str] = field(default_factory=list)

    def go(self, *, rebuild: bool) -> None:
        if not self._execute(INGEST):
            return
        is_due = rebuild or build_is_due(self.project)
        if is_due and not self._execute(BUILD, rebuilding() if rebuild else {}):
            return
        if syncs := on_schedule(self.project):
            self._execute(ACTIVATE, only=[sync_key(sync) for sync in syncs])

    def _execute(self, job: str, config: dict[str, Any] | None = None, only: Sequence[AssetKey] | None = None) -> bool:
        result = self.definitions.resolve_job_def(job).execute_in_process(
            instance=self.instance,
            raise_on_error=False,
            run_config={**_QUIETLY, **(config or {})},
            tags={STARTED_BY: "cdp run", "dagster/max_retries": "0"},
            asset_selection=only,
        )
        self.runs.append(result.run_id)
        if not result.success and not self.report.errors:
            told = f"`cdp ui` shows where: run {result.run_id}."
            self.report.failed(CdpError(f"the job {job} failed.", remedy=told))
        return bool(result.success)
