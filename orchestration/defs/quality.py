"""The audit of a build: every suite is a blocking check of its table."""

from collections.abc import Sequence

from dagster import AssetCheckExecutionContext, AssetCheckResult, AssetChecksDefinition, asset_check

from cdp.errors import GateError
from cdp.pipeline.building import Building
from orchestration.observer import Observer
from quality.measures import Suite
from quality.suites import load_suites

CHECK = "meets_expectations"


def audits(observer: Observer) -> Sequence[AssetChecksDefinition]:
    """One blocking check per suite, against the candidate generation."""
    return [_audit(suite, observer) for suite in load_suites()]


def _audit(suite: Suite, observer: Observer) -> AssetChecksDefinition:
    @asset_check(
        asset=suite.table,
        name=CHECK,
        blocking=True,
        description="; ".join(bound.says for bound in suite.bounds),
        required_resource_keys={"building"},
    )
    def check(context: AssetCheckExecutionContext) -> AssetCheckResult:
        from quality.audit import audit

        with observer.watching(f"the audit of {suite.table}"):
            building: Building = context.resources.building
            building.current()
            observer.auditing(suite.table)
            verdict = audit(building.warehouse, suite)
            if not verdict.passed:
                observer.failed(_blocked(suite.table, verdict.broken))
            return AssetCheckResult(
                passed=verdict.passed, metadata={**verdict.measures, "broken": list(verdict.broken)}
            )

    return check


def _blocked(table: str, broken: Sequence[str]) -> GateError:
    return GateError(
        f"the build was thrown away: {table} does not hold what it must ({'; '.join(broken)}). "
        "Readers and tools still have what was published before.",
        remedy="See docs/runbooks/blocked-build.md.",
    )
