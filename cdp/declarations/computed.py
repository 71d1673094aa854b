"""What a rule asks that no trait holds: a column is generated for it, and its condition compares that column."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from hashlib import md5

from cdp.declarations.rule import Condition, Duration
from cdp.declarations.traits import Kind, Trait

EVENT_FACTS_MODEL = "int_segments__event_facts"
RANKS_MODEL = "int_segments__ranks"
# The model that answers all segments, hand-written ones too.
MASKS_MODEL = "int_segments__masks"
SAMPLE_BUCKETS = 10_000


class Aggregate(StrEnum):
    """What is made of the events that a fact is about; each value is the key that YAML uses."""

    COUNT = "count"
    FIRST = "first"
    LAST = "last"
    SUM = "sum"
    AVG = "avg"
    MAX = "max"
    MIN = "min"


@dataclass(frozen=True, slots=True)
class Happening:
    """Events of one type; `where` compares columns of the timeline."""

    event: str
    where: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """Which moments count, up to `as_of`: not before the start of `within`, and before the start of `ago`."""

    within: Duration | None = None
    ago: Duration | None = None

    @property
    def is_calendar(self) -> bool:
        return any(span is not None and span.is_calendar for span in (self.within, self.ago))


@dataclass(frozen=True, slots=True)
class Sequel:
    """What must (or, unless `is_wanted`, must not) happen after an event, at most `within` later."""

    happening: Happening
    within: Duration
    is_wanted: bool


@dataclass(frozen=True, slots=True)
class Selection:
    """The events of a customer that a fact is about."""

    happening: Happening
    window: Window = Window()
    sequel: Sequel | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFact(Trait):
    """An aggregate over a customer's events; null, for a count zero, where there are none.

    `of` is the column that is added up or compared; once the newest of the events is older than `expires_after`,
    the value is null.
    """

    aggregate: Aggregate
    selection: Selection
    of: Trait | None = None
    expires_after: Duration | None = None
    model: str = EVENT_FACTS_MODEL

    @property
    def is_declared(self) -> bool:
        """Whether somebody gave it its name."""
        return self.name != event_fact(self.aggregate, self.selection, self.of).name


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened(Trait):
    """Whether there is any such event, in a window of exact spans and without a sequel; false or null where not.

    It is answered with a bit, where a fact takes an aggregate: by far the most of what rules ask is this.
    """

    selection: Selection
    model: str = EVENT_FACTS_MODEL


@dataclass(frozen=True, slots=True, kw_only=True)
class TopRank(Trait):
    """1 for the customer with the highest `by`, ties in the order of customers; null where `by` is null."""

    by: Trait
    model: str = RANKS_MODEL


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleBucket(Trait):
    """The one of `SAMPLE_BUCKETS` buckets that a customer always falls into, for a `salt`."""

    salt: str
    model: str = RANKS_MODEL


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarCheck(Trait):
    """Whether the moment `of` lies in a window of calendar days in the customer's own time zone."""

    of: Trait
    window: Window
    model: str = RANKS_MODEL


def is_local(trait: Trait) -> bool:
    """Whether the column depends on the customer's time zone."""
    match trait:
        case CalendarCheck():
            return True
        case EventFact():
            return trait.selection.window.is_calendar
        case TopRank():
            return is_local(trait.by)
    return False


def event_fact(aggregate: Aggregate, selection: Selection, of: Trait | None = None) -> EventFact:
    """The fact under a name made of what it says: equal facts are one column."""
    words = [aggregate.value, of.name if of else "", selection.happening.event, *_spans(selection.window)]
    return EventFact(
        name=_column(words, selection, of), kind=_kind(aggregate, of), aggregate=aggregate, selection=selection, of=of
    )


def happened(selection: Selection) -> Happened:
    words = ["did", selection.happening.event, *_spans(selection.window)]
    return Happened(name=_column(words, selection), kind=Kind.YES_NO, selection=selection)


def top_rank(by: Trait) -> TopRank:
    return TopRank(name=_column(["rank_by", by.name], by.model), kind=Kind.WHOLE, by=by)


def sample_bucket(salt: str) -> SampleBucket:
    return SampleBucket(name=_column(["bucket_of", salt]), kind=Kind.WHOLE, salt=salt)


def calendar_check(of: Trait, window: Window) -> CalendarCheck:
    return CalendarCheck(name=_column([of.name, "in"], of.model, window), kind=Kind.YES_NO, of=of, window=window)


def _spans(window: Window) -> list[str]:
    return [str(span).replace(" ", "_") for span in (window.within, window.ago) if span]


def _kind(aggregate: Aggregate, of: Trait | None) -> Kind:
    match aggregate:
        case Aggregate.COUNT:
            return Kind.WHOLE
        case Aggregate.FIRST | Aggregate.LAST:
            return Kind.TIMESTAMP
        case Aggregate.AVG:
            return Kind.NUMBER
        case _:
            assert of is not None
            return of.kind


def _column(words: list[str], *meaning: object) -> str:
    """A name of at most 60 characters for people to read, and 8 digits that tell equal names apart."""
    text = re.sub("_+", "_", "_".join(word for word in words if word))
    digest = md5(repr((words, meaning)).encode(), usedforsecurity=False).hexdigest()
    return f"{text[:51]}_{digest[:8]}"
