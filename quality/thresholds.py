"""The one file that says how far a measure may go: `quality/thresholds.yml`, the product's or a project's own."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cdp.declarations.yaml_source import parse, read_yaml
from cdp.project import Project

FILE = Path("quality") / "thresholds.yml"
_OWN = Path(__file__).with_name("thresholds.yml")

Stops = Literal["build", "syncs", "nothing"]
ContentCheck = Literal["filled", "repeats", "known", "strangers", "values", "texts", "ids", "numbers", "times", "links"]
LandingCheck = Literal["files", "rejected", "changes", "volume", "relations"] | ContentCheck
Share = Annotated[float, Field(ge=0, le=1)]


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Tolerance(_Declared):
    """How far from its median a measure may always be, and how many times its usual spread."""

    share: Share = 0.1
    ratio: Annotated[float, Field(gt=1)] = 1.6
    spread: Annotated[float, Field(gt=0)] = 4.5


class SourceTableThresholds(_Declared):
    """What differs for one source table, `raw_<source>.<table>`; `off` are checks that it does without."""

    stops: Stops = "build"
    off: frozenset[LandingCheck] = frozenset()
    checks: Mapping[LandingCheck, Tolerance] = {}


class LandingThresholds(_Declared):
    """How the rows that have just arrived are compared with those that used to arrive."""

    history_days: Annotated[int, Field(ge=14, le=365)] = 56
    least_observations: Annotated[int, Field(ge=3)] = 8
    least_rows: Annotated[int, Field(ge=1)] = 10
    arrives_within_hours: float = 0
    rejected_share: Share = 0.02
    changed_share: Share = 0.1
    fewest_changes: Annotated[int, Field(ge=1)] = 20
    checks: Mapping[LandingCheck, Tolerance] = {}
    tables: Mapping[str, SourceTableThresholds] = {}

    def of(self, table: str) -> SourceTableThresholds:
        return self.tables.get(table, SourceTableThresholds())

    def tolerance(self, table: str, check: LandingCheck) -> Tolerance:
        return self.of(table).checks.get(check) or self.checks.get(check, Tolerance())


class Limit(_Declared):
    """How far a measure of a build may go: always, and from the median of the last good builds.

    A count below `few` says little: a few more or fewer are chance. 0 for what is no count.
    """

    least: float | None = None
    most: float | None = None
    share: Share | None = None
    ratio: Annotated[float, Field(gt=1)] | None = None
    spread: Annotated[float, Field(gt=0)] = 6
    few: Annotated[float, Field(ge=0)] = 30
    stops: Stops | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Limit:
        if self.share is not None and self.ratio is not None:
            raise ValueError("a measure is a share or a number: give `share` or `ratio`, not both")
        if all(each is None for each in (self.least, self.most, self.share, self.ratio)):
            raise ValueError("it says nothing: give `least`, `most`, `share` or `ratio`")
        return self


class TableThresholds(_Declared):
    """The limits of one table, or of all tables of a boundary; a name may hold `*`."""

    stops: Stops | None = None
    measures: Mapping[str, Limit] = {}

    def limit(self, measure: str) -> Limit | None:
        """The limit of that very name, else of the first pattern that fits."""
        patterns = (limit for name, limit in self.measures.items() if fnmatchcase(measure, name))
        return self.measures.get(measure) or next(patterns, None)


class Thresholds(_Declared):
    """The whole file."""

    landing: LandingThresholds = LandingThresholds()
    boundaries: Mapping[Literal["customers", "audiences", "payloads"], TableThresholds] = {}
    tables: Mapping[str, TableThresholds] = {}

    def limit(self, table: str, boundary: str, measure: str, group: str = "") -> Limit | None:
        """How far a measure (of a group) may go, None where nothing is said of it."""
        own, shared = self._of(table, boundary)
        return (group and own.limit(f"{group}.{measure}")) or own.limit(measure) or shared.limit(measure)

    def stops(self, table: str, boundary: str, limit: Limit | None = None) -> Stops:
        """What a measure stops that is out of bounds."""
        own, shared = self._of(table, boundary)
        return (limit and limit.stops) or own.stops or shared.stops or "build"

    def _of(self, table: str, boundary: str) -> tuple[TableThresholds, TableThresholds]:
        shared = {str(name): thresholds for name, thresholds in self.boundaries.items()}
        return self.tables.get(table, TableThresholds()), shared.get(boundary, TableThresholds())


def load_thresholds(project: Project) -> Thresholds:
    """The project's own file, else the product's.

    Raises DeclarationError with file and line where it is malformed.
    """
    own = project.root / FILE
    return parse(Thresholds, read_yaml(own if own.is_file() else _OWN))
