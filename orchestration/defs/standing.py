"""One page for whoever opens Dagster: what is late, what was stopped, and why."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from dagster import AssetKey, AssetMaterialization, AssetSpec, DagsterInstance, MetadataValue

from cdp.declarations.sources import RAW_PREFIX
from cdp.landing.lake import Lake
from cdp.pipeline.summary import freshness
from cdp.project import Project
from cdp.warehouse import open_warehouse
from orchestration.alerts.memory import PAGE, remember
from orchestration.freshness import hours_of_source
from orchestration.translator import ENGINEERS

STANDING = AssetKey(["how_things_stand"])


def standing_spec(after: Sequence[AssetKey]) -> AssetSpec:
    """The page, which tells of everything up to `after`."""
    return AssetSpec(
        STANDING,
        deps=after,
        description="What is late, what was stopped and why, written after every run. Begin here.",
        group_name="overview",
        owners=[f"team:{ENGINEERS}"],
        kinds={"report"},
    )


def write_standing(project: Project, manifest: Mapping[str, Any], instance: DagsterInstance) -> None:
    """Write the page, as the newest materialization of its asset."""
    published = open_warehouse(project).published()
    told = f"generation {published.number}, as of {published.as_of:%Y-%m-%d %H:%M}" if published else "nothing yet"
    sections = {
        "Stopped": list(_known(instance, "stopped")),
        "Late": list(_late(project, manifest)),
        "Worth a look": list(_known(instance, "warning")),
    }
    page = "\n\n".join(
        [f"**Published:** {told}", *(f"**{name}**\n\n{_list(found)}" for name, found in sections.items())]
    )
    counts = {name.lower().replace(" ", "_"): len(found) for name, found in sections.items()}
    written = AssetMaterialization(STANDING, metadata={"page": MetadataValue.md(page), **counts})
    instance.report_runless_asset_event(written)


def _known(instance: DagsterInstance, kind: str) -> Iterator[str]:
    """Every cause of a kind that is not well again: what, since when, and why."""
    memory = remember(instance).get(PAGE)
    for known in memory.told.values() if memory else ():
        if known["kind"] == kind:
            since = known["at"][:16].replace("T", " ")
            yield f"{known['subject'].replace('sync__', 'sync ')}, since {since}: {known['told']}"


def _late(project: Project, manifest: Mapping[str, Any]) -> Iterator[str]:
    """Every source that is older than it says it would be."""
    now: datetime = project.clock.now()
    came = {(each.source, each.table): each.last_landed_at for each in freshness(Lake(project.lake))}
    for unique_id, source in manifest["sources"].items():
        hours = hours_of_source(manifest, unique_id)
        name = source["source_name"].removeprefix(RAW_PREFIX), source["name"]
        at = came.get(name)
        if hours and at and now - at > timedelta(hours=hours):
            yield f"{'.'.join(name)}: nothing came since {at:%Y-%m-%d %H:%M}, which is more than {hours:g} hours"


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {' '.join(line.split())}" for line in lines) or "Nothing."
