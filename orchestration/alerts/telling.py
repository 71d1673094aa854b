"""After a run: tell what is new, on every channel that is declared, whoever started the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dagster import (
    DagsterInstance,
    DagsterRunStatus,
    DefaultSensorStatus,
    RunStatusSensorContext,
    SensorDefinition,
    SkipReason,
    run_status_sensor,
)

from cdp.errors import ConfigurationError
from cdp.project import Project
from orchestration.alerts.channels import Channel, channels
from orchestration.alerts.memory import PAGE, Memory, keep, remember
from orchestration.alerts.messages import Message
from orchestration.alerts.troubles import story_of
from orchestration.defs.standing import write_standing

_STARTED_BY = "cdp/started_by"


def tell_of_runs(project: Project, instance: DagsterInstance, run_ids: Sequence[str]) -> list[str]:
    """Tell of runs that have ended; what could not be told, as sentences. Nothing is raised: an alert stops no work."""
    runs = [run for run_id in run_ids if (run := instance.get_run_by_id(run_id)) is not None]
    stories = [(story_of(instance, run), f"{project.settings.alerts.ui_url}/runs/{run.run_id}") for run in runs]
    memories, untold = remember(instance), list[str]()
    for story, link in stories:
        memories.setdefault(PAGE, Memory()).take_in(project.name, story, link, project.clock.now())
    memories[PAGE].unsent.clear()
    try:
        for channel in channels(project):
            memory = memories.setdefault(channel.name, Memory())
            for story, link in stories:
                memory.take_in(project.name, story, link, project.clock.now())
            untold += _sent(channel, memory)
            keep(instance, memories)
    except ConfigurationError as error:
        untold.append(f"no alert was sent: {error}")
    keep(instance, memories)
    return untold


def _sent(channel: Channel, memory: Memory) -> Iterator[str]:
    """Send what is queued; what does not go stays for the next time."""
    while memory.unsent:
        try:
            channel.send(Message(**memory.unsent[0]))
        except (OSError, ConfigurationError) as error:
            told = str(error) if isinstance(error, ConfigurationError) else _reason(error)
            yield f"an alert could not be sent by {channel.name} and waits for the next run: {told}"
            return
        del memory.unsent[0]


def _reason(error: OSError) -> str:
    # A server's own words may repeat an address.
    return error.strerror or (str(error) if type(error) is OSError else type(error).__name__)


def alerting(project: Project, manifest: Mapping[str, Any]) -> list[SensorDefinition]:
    """A sensor for runs that failed, and one for runs that went well: a check may have failed, or all be well again."""
    return [
        _after(project, manifest, "alert_on_failure", DagsterRunStatus.FAILURE),
        _after(project, manifest, "alert_on_success", DagsterRunStatus.SUCCESS),
    ]


def _after(project: Project, manifest: Mapping[str, Any], name: str, status: DagsterRunStatus) -> SensorDefinition:
    @run_status_sensor(
        name=name,
        run_status=status,
        minimum_interval_seconds=10,
        default_status=DefaultSensorStatus.RUNNING,
        description="Tells a person, once per cause, by the channels that `alerts` in cdp.yml declares.",
    )
    def told(context: RunStatusSensorContext) -> SkipReason:
        run = context.dagster_run
        if _STARTED_BY in run.tags:
            return SkipReason("The command that started it has told.")
        untold = tell_of_runs(project, context.instance, [run.run_id])
        write_standing(project, manifest, context.instance)
        return SkipReason("; ".join(untold) or "All that is new has been told.")

    return told
