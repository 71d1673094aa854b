"""What landing has set aside, by the day it arrived: a backfill of a day looks at it again (ADR 26)."""

from contextlib import closing
from datetime import date, timedelta

import duckdb
from dagster import (
    AddDynamicPartitionsRequest,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    BackfillPolicy,
    DefaultSensorStatus,
    DeleteDynamicPartitionsRequest,
    DynamicPartitionsDefinition,
    MaterializeResult,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    asset,
    sensor,
)

from cdp.landing.again import days_with_something_set_aside, land_again
from cdp.landing.lake import Lake
from cdp.project import Project
from cdp.store import open_store
from orchestration.observer import Observer
from orchestration.translator import ENGINEERS

SET_ASIDE = AssetKey(["set_aside"])
DAYS = DynamicPartitionsDefinition(name="days_with_something_set_aside")


def set_aside_asset(project: Project, observer: Observer) -> AssetsDefinition:
    @asset(
        key=SET_ASIDE,
        partitions_def=DAYS,
        backfill_policy=BackfillPolicy.single_run(),
        description=(
            "Refused files and rejected lines, by the day they arrived. To materialize a day is to look at them again, "
            "under today's declarations: what is good now lands, and what had landed never lands twice."
        ),
        group_name="sources",
        owners=[f"team:{ENGINEERS}"],
        kinds={"parquet"},
    )
    def set_aside(context: AssetExecutionContext) -> MaterializeResult[None]:
        with observer.watching("landing again"), closing(open_store(project.store_url)) as store:
            days = [date.fromisoformat(day) for day in context.partition_keys]
            with store.lease("landing"):
                result = land_again(project, project.clock.now(), days)
            counts = {"files": sum(table.files for table in result.tables), "landed": result.landed}
            return MaterializeResult(
                metadata={"batch": result.batch or 0, **counts, "still_rejected": result.rejected + result.refused}
            )

    return set_aside


def days_known(project: Project) -> SensorDefinition:
    @sensor(name="days_set_aside", minimum_interval_seconds=60, default_status=DefaultSensorStatus.RUNNING)
    def days(context: SensorEvaluationContext) -> SensorResult:
        """Keeps the list of days: one as soon as something of it is set aside, until `retention` lets its lines go."""
        since = project.clock.now().date() - timedelta(days=project.settings.retention.rejects_days)
        with duckdb.connect() as connection:
            found = days_with_something_set_aside(Lake(project.lake), connection)
        wanted = {day.isoformat() for day in found if day >= since}
        known = set(context.instance.get_dynamic_partitions(str(DAYS.name)))
        changes: list[AddDynamicPartitionsRequest | DeleteDynamicPartitionsRequest] = []
        if new := sorted(wanted - known):
            changes.append(DAYS.build_add_request(new))
        if old := sorted(known - wanted):
            changes.append(DAYS.build_delete_request(old))
        return SensorResult(run_requests=[], dynamic_partitions_requests=changes)

    return days
