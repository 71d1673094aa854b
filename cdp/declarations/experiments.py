"""How an experiment divides customers: a holdout, and variants among the others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from cdp.declarations.folder import DeclaredName

BUCKETS = 10_000
"""Customers fall into so many buckets of an experiment by a hash; a bucket is a hundredth of a percent."""

HOLDOUT, EVERYBODY_ELSE = "holdout", "everybody_else"
"""The variant that gets nothing, and the one of those who are not held out where no variants are declared."""

SHARE = re.compile(r"(\d{1,2}(?:\.\d{1,2})?) percent")


def _buckets(written: Any) -> int:
    match = SHARE.fullmatch(written) if isinstance(written, str) else None
    buckets = round(float(match[1]) * BUCKETS / 100) if match else 0
    if not 0 < buckets < BUCKETS:
        raise ValueError("write a share between 0.01 and 99.99, such as `10 percent`")
    return buckets


def _whole(variants: dict[str, int]) -> dict[str, int]:
    if len(variants) < 2:
        raise ValueError("name at least two variants, such as `{a: 50, b: 50}`")
    if reserved := {HOLDOUT, EVERYBODY_ELSE} & variants.keys():
        raise ValueError(f"`{min(reserved)}` is the name of those who are in no variant: choose another one")
    if (total := sum(variants.values())) != 100:
        raise ValueError(f"the shares are percents of all who are not held out, and make {total} together, not 100")
    return variants


Share = Annotated[int, BeforeValidator(_buckets)]
"""A share of all customers, in buckets; written `10 percent`."""

Variants = Annotated[dict[DeclaredName, Annotated[int, Field(ge=1, le=99, strict=True)]], AfterValidator(_whole)]
"""Percents by name, of all who are not held out."""


def buckets_of(holdout: int | None, variants: Mapping[str, int] | None) -> dict[str, int]:
    """Buckets by variant, the holdout first, `BUCKETS` in all. What rounding leaves goes to the first variant."""
    held = {HOLDOUT: holdout} if holdout else {}
    rest = BUCKETS - sum(held.values())
    shares = {name: rest * percent // 100 for name, percent in (variants or {EVERYBODY_ELSE: 100}).items()}
    first = next(iter(shares))
    return held | shares | {first: shares[first] + rest - sum(shares.values())}
