"""Hand-written models of segments: what they read, as far as the `ref`s in their files say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from cdp.declarations.computed import MASKS_MODEL

_REF = re.compile(r"""\bref\(\s*['"](\w+)['"]\s*\)""")


def way_back_to_segments(model: str, models: Mapping[str, Path]) -> tuple[str, ...]:
    """The models from `model` to the answers of all segments, if it reads them; nothing if it does not."""
    ways: list[tuple[str, ...]] = [(model,)]
    seen = {model}
    for way in ways:
        if way[-1] == MASKS_MODEL:
            return way
        read = _REF.findall(models[way[-1]].read_text("utf-8")) if way[-1] in models else []
        fresh = [name for name in dict.fromkeys(read) if name not in seen]
        seen.update(fresh)
        ways += [(*way, name) for name in fresh]
    return ()
