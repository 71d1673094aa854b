"""Connectors by type, found under the entry-point group `cdp.destinations`: a package of anybody's can add one."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from cdp.errors import ConfigurationError
from cdp.project import Project
from reverse_etl.destinations.connector import Connector
from reverse_etl.feedback.words import Reader

GROUP = "cdp.destinations"


def connector(kind: str, project: Project) -> Connector:
    """The connector for destinations of `type: kind`.

    Raises ConfigurationError at the destination in `cdp.yml` where no installed package offers it.
    """
    found = _installed().get(kind)
    if found is None:
        name = next((name for name, one in project.settings.destinations.items() if one.type == kind), kind)
        raise ConfigurationError(
            f"no installed connector is called `{kind}`.",
            where=project.document.at("destinations", name, "type"),
            remedy=f"Installed are: {', '.join(sorted(_installed())) or 'none'}.",
        )
    loaded: Connector = found.load()
    return loaded


def readers() -> dict[str, Reader]:
    """How tools report, by the types of those installed connectors that know."""
    loaded: dict[str, Connector] = {name: entry.load() for name, entry in _installed().items()}
    return {name: found.reader for name, found in loaded.items() if found.reader is not None}


@cache
def _installed() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}
