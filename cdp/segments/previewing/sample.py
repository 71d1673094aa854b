"""A few members to look at: numbers and dates as they are, text only where the rule itself has it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from cdp.declarations.rule import Condition, leaves
from cdp.declarations.segments import ModelReference, Segment
from cdp.declarations.traits import CUSTOMER_KEY, TRAITS_MODEL, Kind, Trait
from cdp.warehouse.port import Reader

MOST_MEMBERS = 5
MOST_TRAITS = 6
_ADDRESS = re.compile(r"(.).*@.*", re.DOTALL)


def sample_members(reader: Reader, segment: Segment, members: str) -> list[dict[str, Any]]:
    """Always the same members of a segment, drawn by a digest of their ids, with the traits that the rule asks."""
    traits = list(islice(_asked(segment), MOST_TRAITS))
    columns = "".join(f', traits."{trait.name}"' for trait in traits)
    query = (
        f"select members.customer_id{columns} from ({members}) as members "
        f"left join {reader.relation(TRAITS_MODEL)} as traits on members.customer_id = traits.customer_id "
        f"order by md5(cast(members.customer_id as varchar)), members.customer_id limit {MOST_MEMBERS}"
    )
    written = _written(segment)
    texts = {trait.name for trait in traits if trait.kind is Kind.TEXT}
    return [
        {name: masked(value, written) if name in texts else value for name, value in row.items()}
        for row in reader.query(query).read_all().to_pylist()
    ]


def masked(value: str | None, written: frozenset[str] = frozenset()) -> str | None:
    """The text where `written` has it, else its first letter; of an address, that and where the `@` is."""
    if value is None or not value or value in written:
        return value
    return _ADDRESS.sub(r"\1…@…", value) if _ADDRESS.fullmatch(value) else f"{value[0]}…"


def _asked(segment: Segment) -> Iterator[Trait]:
    """The traits that the rule compares and the trait model holds, each once."""
    if isinstance(segment.definition, ModelReference):
        return
    conditions = (leaf for leaf in leaves(segment.definition) if isinstance(leaf, Condition))
    traits = {
        condition.trait.name: condition.trait for condition in conditions if condition.trait.model == TRAITS_MODEL
    }
    yield from (trait for name, trait in traits.items() if name != CUSTOMER_KEY)


def _written(segment: Segment) -> frozenset[str]:
    """The texts that the rule compares with."""
    if isinstance(segment.definition, ModelReference):
        return frozenset()
    operands = [leaf.operand for leaf in leaves(segment.definition) if isinstance(leaf, Condition)]
    values = [value for operand in operands for value in (operand if isinstance(operand, tuple) else (operand,))]
    return frozenset(value for value in values if isinstance(value, str))
