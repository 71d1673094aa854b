"""Declared destinations: where they are, and whether their connector understands what is said of them."""

from __future__ import annotations

from urllib.parse import urlsplit

from cdp.declarations.yaml_source import YamlDocument, parse
from cdp.errors import ConfigurationError
from cdp.project import Project
from reverse_etl.declarations import Sync
from reverse_etl.destinations.connector import Account, Options, Secret, Target
from reverse_etl.destinations.registry import connector

SANDBOX_URL = "sandbox"


def address_of(project: Project, name: str) -> str:
    """Where a destination is: as declared, else where its connector knows it to be; `sandbox` for its stand-in.

    Raises ConfigurationError where nobody says, or it is nothing that the connector can call.
    """
    settings = project.settings.destinations[name]
    kind = connector(settings.type, project)
    address = settings.base_url or kind.base_url or (SANDBOX_URL if kind.sandbox_tool else "")
    if address == SANDBOX_URL and kind.sandbox_tool is None:
        raise ConfigurationError(
            f"the sandbox has no stand-in for `{settings.type}`.",
            where=project.document.at("destinations", name),
            remedy="Give it a `base_url`.",
        )
    if address != SANDBOX_URL and urlsplit(address).scheme not in kind.schemes:
        begins = " or ".join(f"{scheme}://" for scheme in sorted(kind.schemes))
        raise ConfigurationError(
            f"the `base_url` of a `{settings.type}` begins with {begins}.",
            where=project.document.at("destinations", name, "base_url"),
        )
    return address


def account_of(project: Project, name: str, base_url: str) -> Account:
    """The account of a destination at `base_url`, with its credential from the environment.

    Raises ConfigurationError where the credential is not there.
    """
    settings = project.settings.destinations[name]
    needs_secret = connector(settings.type, project).needs_secret
    secret = project.secret(name) if needs_secret or settings.secret_env else ""
    return Account(name, base_url, Secret(secret), settings.options)


def target_of(project: Project, sync: Sync) -> Target:
    """What a sync keeps at its destination."""
    fields = frozenset(sync.fields.values())
    return Target(sync.object, sync.mode, sync.options, fields, project.activation / "templates")


def check_options(options: type[Options], document: YamlDocument, *path: str) -> None:
    """Raises DeclarationError where what `document` says under `options:` at `path` is not for this connector."""
    said = document.content
    for step in path:
        said = said[step]
    if "options" in said:
        parse(options, document, *path, "options")
    else:
        parse(options, YamlDocument(document.file, {}, {(): document.at(*path).line or 1}))
