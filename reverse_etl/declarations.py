"""`activation/syncs/<name>.yml`: which model becomes which list at which destination."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, StringConstraints, field_validator

from cdp.declarations.folder import Declaration
from reverse_etl.engine.ports import Mode

Column = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
RemoteField = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=60)]
RemoteName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=120)]
_CRON_FIELD = r"(\*|[0-9]+(-[0-9]+)?)(/[0-9]+)?"
_CRON_FIELDS = rf"{_CRON_FIELD}(,{_CRON_FIELD})*"
Schedule = Annotated[str, StringConstraints(pattern=rf"^({_CRON_FIELDS}( {_CRON_FIELDS}){{4}})?$", max_length=60)]
SyncModel = Annotated[str, StringConstraints(pattern=r"^sync_[a-z0-9]+(_[a-z0-9]+)*__[a-z0-9_]+$", max_length=60)]


class Guards(BaseModel):
    """Limits that hold a plan until a person releases it.

    `max_removal_share` is removals over acknowledged rows (0 to 1), `max_growth_share` additions over them (1: twice as
    many); `min_rows` is the fewest rows the model may have; `max_age_hours` is how old what is published may be.
    `max_reject_share` is refused over answered rows of a run (0 to 1): a run beyond it fails, for something is wrong.
    `max_missing_share` is how much of what the tool acknowledged it may lack when it is asked: people leave there, too.
    `max_tries` is how often a row may be put off by the tool before it counts as refused.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_removal_share: float = Field(default=0.3, ge=0, le=1)
    max_growth_share: float | None = Field(default=None, gt=0)
    min_rows: int = Field(default=0, ge=0)
    max_age_hours: float | None = Field(default=None, gt=0)
    max_reject_share: float = Field(default=0.2, ge=0, le=1)
    max_missing_share: float = Field(default=0.01, ge=0, le=1)
    max_tries: int = Field(default=60, ge=1)


class Sync(Declaration):
    """One list at one destination, kept equal to one model.

    `fields` maps columns of the model to the destination's fields; `key` is the column that tells rows apart there.
    `hashing` says by whose rules the columns were hashed, where the destination takes only hashes. `options` are those
    of the destination's connector. `formerly` are names it had before: what was acknowledged to them is its own.
    `schedule` (cron, UTC) says when it may run; without one it runs whenever its audience has changed.
    """

    model: SyncModel
    destination: str
    object: RemoteName
    mode: Mode = "mirror"
    key: Column
    hashing: str = ""
    fields: dict[Column, RemoteField] = Field(default_factory=dict)
    options: dict[str, str] = Field(default_factory=dict)
    guards: Guards = Guards()
    audience: str = ""
    formerly: tuple[str, ...] = ()
    schedule: Schedule = ""

    _part: str = PrivateAttr("")

    @property
    def names(self) -> list[str]:
        """Its own, and those that it had before."""
        return [self.name, *self.formerly]

    @property
    def target(self) -> str:
        """Which list this is, by which key: what was acknowledged elsewhere does not stand here."""
        return f"{self.destination}/{self.object}{self._part and f' ({self._part})'} by {self.key}"

    def keeping(self, part: str) -> Sync:
        """The same, which keeps only a part of its object, by the name that its connector has for that."""
        copy = self.model_copy()
        copy._part = part
        return copy

    @field_validator("fields")
    @classmethod
    def _each_field_once(cls, fields: dict[str, str]) -> dict[str, str]:
        twice = sorted({name for name in fields.values() if list(fields.values()).count(name) > 1})
        if twice:
            raise ValueError(f"two columns go to the field `{twice[0]}`")
        return fields
