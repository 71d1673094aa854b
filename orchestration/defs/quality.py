"""The audit of a build: every suite is a blocking check of its table (ADR 24)."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    asset_check,
)

from cdp.errors import CdpError, GateError
from cdp.pipeline.building import Building
from cdp.project import Project
from cdp.store import open_store
from orchestration.observer import Observer
from quality.measures import Suite
from quality.suites import load_suites
from quality.thresholds import Thresholds, load_thresholds
from quality.verdicts import Verdict, Word
from reverse_etl.declarations import Sync
from reverse_etl.syncs import load_syncs

CHECK = "meets_expectations"
RUNBOOK = "See docs/runbooks/blocked-build.md."


def audits(project: Project, manifest: Mapping[str, Any], observer: Observer) -> Sequence[AssetChecksDefinition]:
    """One blocking check per suite, against the candidate generation.

    Raises DeclarationError where thresholds are malformed.
    """
    syncs, thresholds = load_syncs(project), load_thresholds(project)
    payloads = {sync.model: [sync.key, *sync.fields] for sync in syncs}
    below = _syncs_below(manifest, syncs)
    return [
        _audit(project, suite, thresholds, below.get(suite.table, ()), observer)
        for suite in load_suites(project, payloads)
        if suite.table in below
    ]


def _audit(
    project: Project, suite: Suite, thresholds: Thresholds, syncs: tuple[str, ...], observer: Observer
) -> AssetChecksDefinition:
    @asset_check(
        asset=suite.table,
        name=CHECK,
        blocking=True,
        description="; ".join(measure.says for measure in suite.every_measure.values()),
        required_resource_keys={"building"},
    )
    def check(context: AssetCheckExecutionContext) -> AssetCheckResult:
        with observer.watching(f"the audit of {suite.table}"):
            building: Building = context.resources.building
            observer.auditing(suite.table)
            verdicts = _judged(project, building, suite, thresholds, syncs)
            for error in _errors(suite.table, verdicts):
                observer.failed(error)
            return _result(verdicts)

    return check


def _judged(
    project: Project, building: Building, suite: Suite, thresholds: Thresholds, syncs: tuple[str, ...]
) -> list[Verdict]:
    from quality.audit import audit
    from quality.record import record, with_releases

    generation = building.current().generation
    found = [replace(verdict, syncs=syncs) for verdict in audit(building.warehouse, suite, thresholds)]
    with closing(open_store(project.store_url)) as store:
        verdicts = with_releases(store, found, generation.as_of)
        record(store, verdicts, generation.as_of, batch=generation.batch, generation=generation.number)
    return verdicts


def _result(verdicts: Sequence[Verdict]) -> AssetCheckResult:
    stopping = [verdict for verdict in verdicts if verdict.is_stopping]
    stops_build = any(verdict.stops == "build" for verdict in stopping)
    return AssetCheckResult(
        passed=not stopping,
        severity=AssetCheckSeverity.ERROR if stops_build else AssetCheckSeverity.WARN,
        metadata={
            "checks": len(verdicts),
            "failed": sum(verdict.word is Word.FAILED for verdict in verdicts),
            "broke": sum(verdict.word is Word.BROKE for verdict in verdicts),
            "released": sum(verdict.word is Word.RELEASED for verdict in verdicts),
            "broken": [f"{verdict.check}: {'; '.join(verdict.told)}" for verdict in stopping],
            **{verdict.check: verdict.value for verdict in verdicts if verdict.value is not None},
        },
    )


def _errors(table: str, verdicts: Sequence[Verdict]) -> Iterable[CdpError]:
    """What to tell of a table: what broke, which is no fault of the data, what stops the build, what its syncs."""
    for verdict in verdicts:
        if verdict.word is Word.BROKE:
            yield CdpError(f"{'; '.join(verdict.told)}.", remedy=f"Look at quality/suites and the model. {RUNBOOK}")
    for stops, lost in (("build", "the build was thrown away"), ("syncs", "its syncs are stopped")):
        broken = [verdict for verdict in verdicts if verdict.word is Word.FAILED and verdict.stops == stops]
        if broken:
            told = "; ".join(f"{verdict.check}: {'; '.join(verdict.told)}" for verdict in broken)
            yield GateError(
                f"{lost}: {table} does not hold what it must ({told}). "
                "Readers and tools still have what was published before.",
                remedy=f"Mend it, or: cdp gate release {broken[0].check} --reason … {RUNBOOK}",
            )


def _syncs_below(manifest: Mapping[str, Any], syncs: Sequence[Sync]) -> dict[str, tuple[str, ...]]:
    """For every model, the syncs that its rows reach."""
    nodes = manifest["nodes"]
    names = {unique_id: node["name"] for unique_id, node in nodes.items() if node["resource_type"] == "model"}
    below: dict[str, set[str]] = {name: set() for name in names.values()}
    for sync in syncs:
        waiting = [unique_id for unique_id, name in names.items() if name == sync.model]
        seen = set(waiting)
        while waiting:
            unique_id = waiting.pop()
            below[names[unique_id]].add(sync.name)
            parents = set(manifest["parent_map"].get(unique_id, ())) & names.keys()
            waiting += parents - seen
            seen |= parents
    return {name: tuple(sorted(found)) for name, found in below.items()}
