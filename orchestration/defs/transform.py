"""The build: every dbt model and test, in one dbt run against the candidate generation."""

import io
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from importlib.metadata import version as installed_version
from threading import Thread
from typing import Any

from dagster import AssetExecutionContext, AssetKey, AssetsDefinition, Config, MaterializeResult, Output, asset
from dagster_dbt import DbtCliInvocation, dbt_assets
from packaging.version import Version

from cdp.errors import GateError
from cdp.pipeline.building import Building
from cdp.pipeline.dbt import dbt_command, dbt_environment, dbt_folder
from cdp.pipeline.dbt_failures import BuildLog
from cdp.project import Project
from cdp.warehouse import Build
from orchestration.lineage import ColumnLineage
from orchestration.observer import Observer
from orchestration.translator import Translator

CLOCK = AssetKey(["control", "clock"])
DBT_BUILD = "dbt_build"


class HowToBuild(Config):
    """`rebuild`: every incremental model from the beginning; registries, which only grow, are kept."""

    rebuild: bool = False


def rebuilding() -> dict[str, Any]:
    """Run configuration of a build that starts from the beginning."""
    return {"ops": {DBT_BUILD: {"config": {"rebuild": True}}}}


def clock_asset(manifest: Mapping[str, Any], observer: Observer) -> AssetsDefinition:
    """The beginning of a build: a candidate generation that knows its moment and sees what has landed."""
    declared = next(unique_id for unique_id in manifest["sources"] if unique_id.endswith(".control.clock"))
    spec = Translator().get_asset_spec(manifest, declared, None)

    @asset(
        key=CLOCK,
        description=spec.description,
        group_name=spec.group_name,
        owners=spec.owners,
        kinds={"table"},
        required_resource_keys={"building"},
    )
    def clock(context: AssetExecutionContext) -> MaterializeResult[None]:
        with observer.watching("beginning the build"):
            building: Building = context.resources.building
            generation = building.begin().generation
            return MaterializeResult(
                metadata={
                    "generation": generation.number,
                    "as_of": generation.as_of.isoformat(),
                    "batch": generation.batch,
                }
            )

    return clock


def model_assets(project: Project, manifest: Mapping[str, Any], observer: Observer) -> AssetsDefinition:
    """Every model, seed and test of the dbt project."""

    @dbt_assets(
        manifest=manifest,
        dagster_dbt_translator=Translator(),
        name=DBT_BUILD,
        required_resource_keys={"building"},
    )
    def dbt_build(context: AssetExecutionContext, config: HowToBuild) -> Iterator[Any]:
        with observer.watching("the dbt build"):
            build = context.resources.building.current()
            if context.is_subset:
                raise GateError("a build is made whole.", remedy="Launch the job `build`.")
            Thread(target=_prepare_audit, daemon=True).start()
            with redirect_stdout(io.StringIO()):
                invocation = _dbt_build(project, build, manifest, context, rebuild=config.rebuild)
                yield from _followed(invocation, project, observer)

    return dbt_build


def _prepare_audit() -> None:
    """Import the audit's library, which takes seconds, while dbt, a process of its own, leaves a core idle."""
    from quality.judgement import great_expectations

    great_expectations()


def _told(build: Build, *, rebuild: bool) -> list[str]:
    told = ["build", "--target", build.target, "--exclude-resource-type", "unit_test"]
    return [*told, "--full-refresh"] if rebuild else told


def _dbt_build(
    project: Project, build: Build, manifest: Mapping[str, Any], context: AssetExecutionContext, *, rebuild: bool
) -> DbtCliInvocation:
    # DbtCliResource.cli() asks `dbt --version` first, which asks the package index on the internet.
    return DbtCliInvocation.run(
        args=[*dbt_command(), *_told(build, rebuild=rebuild)],
        env=dbt_environment(project, {**build.environment, "DBT_LOG_FORMAT": "json", "DBT_WRITE_JSON": "false"}),
        manifest=manifest,
        dagster_dbt_translator=Translator(),
        project_dir=project.dbt_project,
        target_path=dbt_folder(project),
        raise_on_error=False,
        context=context,
        adapter=None,
        cli_version=Version(installed_version("dbt-core")),
    )


def _followed(invocation: DbtCliInvocation, project: Project, observer: Observer) -> Iterator[Any]:
    """Dagster's events of a dbt build.

    Raises GateError that names what failed.
    """
    log = BuildLog()
    lineage = ColumnLineage(
        invocation.manifest, dbt_folder(project) / "compiled", dbt_folder(project) / "column_lineage.json"
    )
    for event in invocation.stream_raw_events():
        name = log.follow(event.raw_event)
        if name is not None:
            observer.node_finished(name, log.done, log.total)
        for told in event.to_default_asset_events(
            invocation.manifest, invocation.dagster_dbt_translator, invocation.context, invocation.target_path
        ):
            yield _with_lineage(told, lineage)
    lineage.keep()
    for warning in log.warnings:
        observer.warned(warning)
    if not invocation.is_successful():
        raise log.error(dbt_folder(project) / "compiled")


def _with_lineage(told: Any, lineage: ColumnLineage) -> Any:
    """What is told of a model, with the columns that its own come from."""
    unique_id = told.metadata.get("unique_id") if isinstance(told, Output) else None
    found = lineage.of(str(unique_id.value)) if unique_id is not None else None
    return told.with_metadata({**told.metadata, "dagster/column_lineage": found}) if found else told
