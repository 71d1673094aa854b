"""Where a source table shows addresses, and which of its rows say that one must not be written to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


class AddressKind(StrEnum):
    """What an address is for."""

    EMAIL = "email"
    PHONE = "phone"


class Reason(StrEnum):
    """Why an address must not be written to."""

    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class ShownAddress:
    """An address in a column: in the column itself, or at a `path` of its JSON."""

    kind: AddressKind
    path: str | None = None


def _shown(declared: Any) -> tuple[ShownAddress, ...]:
    match declared:
        case str():
            return (ShownAddress(_kind(declared)),)
        case Mapping() if declared and all(isinstance(path, str) and _PATH.fullmatch(path) for path in declared):
            return tuple(ShownAddress(_kind(kind), path) for path, kind in declared.items())
        case Sequence() if declared:
            return tuple(ShownAddress(_kind(kind)) for kind in declared)
    raise ValueError("write `email` or `phone`, a list of both, or for JSON a mapping of paths to them")


def _kind(word: Any) -> AddressKind:
    try:
        return AddressKind(word)
    except ValueError:
        raise ValueError(f"`{word}` is none of {' and '.join(AddressKind)}") from None


ShownAddresses = Annotated[tuple[ShownAddress, ...], BeforeValidator(_shown)]


class Suppressing(BaseModel):
    """Rows that say of the address in column `address` that it must not be written to: those with all values of `when`.

    `at` is the column with the moment from which it holds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: str
    at: str
    when: dict[str, str] = Field(min_length=1)

    def wrong_column(self, columns: Mapping[str, tuple[str, tuple[ShownAddress, ...]]]) -> str | None:
        """What is wrong with a column it names, None where nothing is; `columns` are types and addresses by name."""
        for name in (self.address, self.at, *self.when):
            if name not in columns:
                return f"`{name}` is not among the columns"
        _, addresses = columns[self.address]
        if len(addresses) != 1 or addresses[0].path:
            return f"the column `{self.address}` is not declared with one `address`"
        if columns[self.at][0] != "timestamp":
            return f"the column `{self.at}` is no timestamp"
        return None
