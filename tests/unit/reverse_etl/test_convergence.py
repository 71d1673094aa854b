"""Whatever the network does: the books balance, the tool ends at desired minus refused, and nothing happens twice."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from reverse_etl.engine.words import Status
from tests.doubles.engine import capabilities
from tests.doubles.workbench import Workbench

keys = [f"k{number:02}" for number in range(12)]
worlds = st.lists(st.sets(st.sampled_from(keys), min_size=1), min_size=1, max_size=3)
scripts = st.lists(st.sampled_from(["ok", "lost_before", "lost_after", "fail", "busy_rows", "fatal"]), max_size=25)


@settings(max_examples=15, deadline=None)
@given(worlds=worlds, script=scripts, refused=st.sets(st.sampled_from(keys), max_size=3), poison=st.sampled_from(keys))
def test_any_fault_script_converges(worlds: list[set[str]], script: list[str], refused: set[str], poison: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bench = Workbench(Path(folder))
        bench.destination.capabilities = capabilities(max_rows=4)
        bench.destination.script = list(script)
        bench.destination.rejects = lambda key: key in refused
        bench.destination.poison = frozenset({poison})
        for version, wanted in enumerate(worlds):
            bench.want([(key, f"v{version}") for key in sorted(wanted)])
            runs = 0
            while bench.run(attempts=2).status is not Status.OK:
                runs += 1
                assert runs <= len(script) + 1
            assert bench.destination.members.keys() == wanted - refused - {poison}
            assert bench.destination.repeated == 0
        bench.close()
