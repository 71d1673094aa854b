"""The main job in this process: land, build what is due, audit, publish, sync."""

from __future__ import annotations

import warnings
from typing import Any

from dagster import DagsterInstance, Definitions

from cdp.errors import CdpError
from cdp.pipeline.summary import contents
from cdp.project import Project
from cdp.warehouse import open_warehouse
from orchestration.defs.automation import BUILD, INGEST, STARTED_BY, next_job
from orchestration.defs.transform import rebuilding
from orchestration.instance import open_instance
from orchestration.report import Report
from orchestration.wiring import build_definitions
from reverse_etl.sandbox.serving import Sandbox

# Dagster keeps every event in its storage; the terminal belongs to the report.
_SILENT = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def run_project(project: Project, sandbox: Sandbox, report: Report, *, rebuild: bool = False) -> None:
    """One run to its end; what went wrong is in `report.errors`. `rebuild`: build, due or not, from the beginning.

    Raises ConfigurationError where `sandbox` does not come up.
    """
    warnings.filterwarnings("ignore", module=r"dagster.*")
    with open_instance(project) as instance:
        report.say("reading the project")
        definitions = build_definitions(project, report)
        report.say(f"waiting for the sandbox at {sandbox.url}")
        report.ready()
        if _execute(definitions, INGEST, instance, report):
            job, config = (BUILD, rebuilding()) if rebuild else (next_job(project), {})
            _execute(definitions, job, instance, report, config)
    if report.landing_result and (refused := report.landing_result.refusal()):
        report.failed(refused)
    if report.generation:
        with open_warehouse(project).reader() as reader:
            report.contents = contents(reader)


def _execute(
    definitions: Definitions, job: str, instance: DagsterInstance, report: Report, config: dict[str, Any] | None = None
) -> bool:
    result = definitions.resolve_job_def(job).execute_in_process(
        instance=instance,
        raise_on_error=False,
        run_config={**_SILENT, **(config or {})},
        tags={STARTED_BY: "cdp run"},
    )
    if not result.success and not report.errors:
        report.failed(CdpError(f"the job {job} failed.", remedy=f"`cdp ui` shows where: run {result.run_id}."))
    return result.success
