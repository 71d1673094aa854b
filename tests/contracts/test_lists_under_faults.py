"""A whole sync before a vendor's stand-in, over a network that fails at random: in the end the list is the model."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from reverse_etl.engine.words import Counts, Status
from tests.contracts.case import Case, email
from tests.contracts.fakes.klaviyo import CASE as KLAVIYO
from tests.contracts.fakes.mailchimp import CASE as MAILCHIMP
from tests.doubles.workbench import Workbench

_RUNS_AT_MOST = 40


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("case", [KLAVIYO, MAILCHIMP], ids=lambda case: case.name)
def test_the_list_becomes_the_model(case: Case, seed: int, tmp_path: Path) -> None:
    rng, bench = Random(seed), Workbench(tmp_path)
    with case.serve(tmp_path) as tool:
        theirs = tool.stranger()
        bench.destination = case.connector.build(case.account(tool.url), case.target)
        tool.faults.rate = 0.4
        for _ in range(3):
            wanted = {email(number) for number in range(60) if rng.random() < 0.6}
            bench.want([*((key, str(rng.randrange(9))) for key in wanted), ("nobody", "x")])
            counts = _run_to_the_end(bench)
            assert tool.members() == {*wanted, theirs}
            assert counts.rejected <= 1
        bench.destination.close()
    bench.close()


def _run_to_the_end(bench: Workbench) -> Counts:
    for _ in range(_RUNS_AT_MOST):
        result = bench.run()
        if result.status is Status.OK:
            return result.counts
        assert result.status in {Status.INCOMPLETE, Status.PENDING}, result.reason
    raise AssertionError("it does not come to an end")
