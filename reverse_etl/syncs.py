"""The declared syncs of a project, checked against what their destinations can do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from cdp.declarations.folder import declared_files, read_header
from cdp.declarations.yaml_source import YamlDocument
from cdp.errors import DeclarationError, Location
from cdp.project import Project
from reverse_etl.declarations import Sync
from reverse_etl.destinations.accounts import check_options, target_of
from reverse_etl.destinations.connector import Connector
from reverse_etl.destinations.registry import connector


def load_sync(project: Project, name: str) -> Sync:
    """The sync called `name`.

    Raises DeclarationError where there is none, it is malformed, or its destination cannot do what it asks.
    """
    file = _folder(project) / f"{name}.yml"
    if not file.is_file():
        known = ", ".join(found.stem for found in declared_files(_folder(project))) or "none"
        raise DeclarationError(
            f"there is no sync called `{name}`.", where=Location(file), remedy=f"Declared are: {known}."
        )
    return _read(project, file)


def load_syncs(project: Project, names: Sequence[str] | None = None) -> list[Sync]:
    """The syncs called `names`, or every declared one, by name; errors as `load_sync`."""
    if names:
        return [load_sync(project, name) for name in names]
    return [_read(project, file) for file in declared_files(_folder(project))]


def _folder(project: Project) -> Path:
    return project.activation / "syncs"


def _read(project: Project, file: Path) -> Sync:
    sync, document = read_header(Sync, file)
    kind = _check_destination(project, sync, document)
    return sync.keeping(kind.part(target_of(project, sync)))


def _check_destination(project: Project, sync: Sync, document: YamlDocument) -> Connector:
    settings = project.settings.destinations.get(sync.destination)
    if settings is None:
        raise _complaint(
            document,
            "destination",
            f"`{sync.destination}` is not a destination of this project.",
            f"Known in cdp.yml: {_listed(project.settings.destinations)}.",
        )
    if not sync.model.startswith(f"sync_{sync.destination}__"):
        raise _complaint(
            document, "model", f"a model for `{sync.destination}` is named `sync_{sync.destination}__…`.", "Rename it."
        )
    kind = connector(settings.type, project)
    check_options(kind.account_options, project.document, "destinations", sync.destination)
    check_options(kind.sync_options, document)
    _check_fields(kind, sync, document)
    modes = kind.capabilities.modes
    if sync.mode not in modes:
        raise _complaint(
            document, "mode", f"`{settings.type}` cannot do `{sync.mode}`.", f"It can do: {_listed(modes)}."
        )
    try:
        kind.check(target_of(project, sync))
    except DeclarationError as error:
        raise DeclarationError(error.what, where=error.where or document.at("options"), remedy=error.remedy) from None
    return kind


def _check_fields(kind: Connector, sync: Sync, document: YamlDocument) -> None:
    """A column of hashes carries its dialect in its name, so that what one platform hashes cannot go to another."""
    if sync.hashing != kind.hashing:
        demand = f"Write `hashing: {kind.hashing}`." if kind.hashing else "Leave `hashing` out."
        what = f"`{sync.destination}` takes {f'hashes of `{kind.hashing}`' if kind.hashing else 'values as they are'}."
        raise _complaint(document, "hashing", what, demand)
    for column, name in sync.fields.items():
        if kind.fields and name not in kind.fields:
            what, remedy = f"`{sync.destination}` has no field `{name}`.", f"It has: {_listed(kind.fields)}."
            raise DeclarationError(what, where=document.at("fields", column), remedy=remedy)
        if kind.hashing and not column.endswith(f"_{kind.hashing}_sha256"):
            what = f"`{column}` is not called like a hash of `{kind.hashing}`."
            remedy = f"Take it from `dim_address_hashes` and call it `…_{kind.hashing}_sha256`."
            raise DeclarationError(what, where=document.at("fields", column), remedy=remedy)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _complaint(document: YamlDocument, field: str, what: str, remedy: str) -> DeclarationError:
    return DeclarationError(what, where=document.at(field), remedy=remedy)
