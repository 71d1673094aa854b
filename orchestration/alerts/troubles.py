"""What went wrong in a run and what went well, read from Dagster's log of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from dagster import (
    AssetCheckEvaluation,
    AssetCheckSeverity,
    DagsterEvent,
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
)

_LOOKED_AT = {
    DagsterEventType.STEP_FAILURE,
    DagsterEventType.STEP_SUCCESS,
    DagsterEventType.ASSET_CHECK_EVALUATION,
}
_CHECK_FAILED = "DagsterAssetCheckFailedError"
_NUMBER = re.compile(r"\d[\d,.:-]*")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that a person should know: `subject` is the step or the check, `told` a sentence without data.

    One that `only_worries` stopped nothing.
    """

    subject: str
    told: str
    only_worries: bool = False

    @property
    def cause(self) -> str:
        """The same for the same trouble with other numbers."""
        return f"{self.subject}: {_NUMBER.sub('#', self.told)}"


@dataclass(frozen=True, slots=True)
class RunStory:
    """One run: its troubles, and the subjects that went well."""

    run_id: str
    job: str
    troubles: list[Trouble] = field(default_factory=list)
    well: set[str] = field(default_factory=set)


def story_of(instance: DagsterInstance, run: DagsterRun) -> RunStory:
    """Everything to tell of a run that has ended."""
    logged = [entry.dagster_event for entry in instance.all_logs(run.run_id, of_type=_LOOKED_AT)]
    events = [event for event in logged if event is not None]
    troubles = list(_of_steps(events))
    told = {trouble.subject for trouble in troubles}
    troubles += _of_checks(events, told)
    if run.is_failure and not any(not trouble.only_worries for trouble in troubles):
        troubles.append(Trouble(run.job_name, f"the run of {run.job_name} ended before it was done."))
    return RunStory(run.run_id, run.job_name, troubles, _well(run, events) - {each.subject for each in troubles})


def _of_steps(events: Sequence[DagsterEvent]) -> Iterator[Trouble]:
    for event in events:
        if event.event_type != DagsterEventType.STEP_FAILURE:
            continue
        failure = event.step_failure_data
        if failure.user_failure_data is not None:
            yield Trouble(str(event.step_key), failure.user_failure_data.description or "no reason given")
        elif failure.error is None or failure.error.cls_name != _CHECK_FAILED:
            kind = failure.error.cls_name if failure.error else "an unknown error"
            yield Trouble(str(event.step_key), f"the step {event.step_key} broke: {kind}.")


def _of_checks(events: Sequence[DagsterEvent], told: set[str]) -> Iterator[Trouble]:
    """Failed checks, but for those of a step that has said itself what is wrong."""
    for event in events:
        if event.event_type == DagsterEventType.ASSET_CHECK_EVALUATION and event.step_key not in told:
            check = event.asset_check_evaluation_data
            if not check.passed:
                # A gate that stops some syncs only lets the build go on, and says so by a lesser severity.
                worries = check.severity is AssetCheckSeverity.WARN and not check.blocking
                yield Trouble(_subject(check), _sentence(check), only_worries=worries)


def _subject(check: AssetCheckEvaluation) -> str:
    return f"{check.asset_key.to_user_string()}: {check.check_name}"


def _sentence(check: AssetCheckEvaluation) -> str:
    """What the check says itself, where it does: its metadata `told`, or the rules that are `broken`."""
    what = f"{check.asset_key.to_user_string()} fails {check.check_name}"
    for name in ("told", "broken", "refusals"):
        found: Any = getattr(check.metadata.get(name), "value", None)
        if found:
            return f"{what}: {found if isinstance(found, str) else '; '.join(str(each) for each in found)}"
    return f"{what}: {check.description}" if check.description else f"{what}."


def _well(run: DagsterRun, events: Sequence[DagsterEvent]) -> set[str]:
    well = {str(event.step_key) for event in events if event.event_type == DagsterEventType.STEP_SUCCESS}
    checks = [
        event.asset_check_evaluation_data
        for event in events
        if event.event_type == DagsterEventType.ASSET_CHECK_EVALUATION
    ]
    well |= {_subject(check) for check in checks if check.passed}
    return well | {run.job_name} if run.is_success else well
