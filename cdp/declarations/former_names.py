"""The names that segments had before, under which their history is kept: `formerly: [old_name]`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from cdp.declarations.yaml_source import read_yaml
from cdp.errors import DeclarationError


def check_former_names(formerly: Mapping[str, Iterable[str]], files: Mapping[str, Path]) -> list[DeclarationError]:
    """What is wrong with the former names of segments: one history cannot go on under two names."""
    problems, claimed = [], dict[str, str]()
    for segment, names in formerly.items():
        for index, name in enumerate(names):
            if name in files:
                what, remedy = (
                    f"there still is a segment `{name}`.",
                    "A history goes on under one name: delete its file.",
                )
            elif name in claimed:
                what, remedy = f"`{claimed[name]}` was formerly `{name}` too.", "Name it in one of the two files."
            else:
                claimed[name] = segment
                continue
            where = read_yaml(files[segment]).at("formerly", index)
            problems.append(DeclarationError(what, where=where, remedy=remedy))
    return problems
