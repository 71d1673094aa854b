"""Which declared destinations report, how they are understood, and what they sign with."""

from __future__ import annotations

import os

from cdp.declarations.yaml_source import YamlDocument
from cdp.errors import ConfigurationError
from cdp.project import DestinationSettings, FeedbackSettings, Project
from reverse_etl.destinations.registry import connector, readers
from reverse_etl.feedback.receiver import Mailbox
from reverse_etl.feedback.words import Trust


def mailboxes_of(project: Project) -> dict[str, Mailbox]:
    """By name, every destination that says `feedback:` in `cdp.yml`.

    Raises ConfigurationError where there is none, nobody understands one, or what it signs with is missing.
    """
    declared = project.settings.destinations
    found = {
        name: _mailbox(project, name, settings, settings.feedback)
        for name, settings in declared.items()
        if settings.feedback is not None
    }
    if not found:
        raise ConfigurationError(
            "no destination reports back.",
            where=project.document.at("destinations"),
            remedy="Add `feedback: {}` to one; docs/feedback.md says what else it needs.",
        )
    return found


def _mailbox(project: Project, name: str, settings: DestinationSettings, feedback: FeedbackSettings) -> Mailbox:
    document: YamlDocument = project.document
    reader = connector(settings.type, project).reader
    if reader is None:
        raise ConfigurationError(
            f"nobody knows how a `{settings.type}` reports.",
            where=document.at("destinations", name, "feedback"),
            remedy=f"Known are: {', '.join(sorted(readers()))}.",
        )
    if reader.needs_public_url and not feedback.public_url.startswith(("https://", "http://")):
        raise ConfigurationError(
            f"`{name}` signs the address that it calls, and nobody says which that is.",
            where=document.at("destinations", name, "feedback"),
            remedy="Add the part before /feedback: `public_url: https://cdp.example.com`.",
        )
    trust = Trust(name, _secret(project, name, feedback), feedback.public_url)
    reader.check(trust)
    return Mailbox(trust, reader)


def _secret(project: Project, name: str, feedback: FeedbackSettings) -> str:
    if not feedback.secret_env:
        return project.secret(name)
    if value := os.environ.get(feedback.secret_env):
        return value
    raise project.missing_variable(feedback.secret_env, "destinations", name, "feedback")
