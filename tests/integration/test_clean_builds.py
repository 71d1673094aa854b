"""Days on which nothing is wrong, through every season of the year and its sales: none of them is stopped."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from cdp.landing.lake import Lake
from tests.integration.corruptible import Company

SEASONS = {
    "winter": date(2017, 2, 1),  # the first Saturday of February is the best day of the tills
    "spring": date(2017, 4, 12),  # Easter
    "summer": date(2017, 6, 30),  # the Fourth of July
    "autumn": date(2017, 11, 20),  # Thanksgiving and the sales after it
    "christmas": date(2017, 12, 20),  # the best day of the shop, and two days later hardly anybody
}
BUILDS = 8
"""Of each season: forty in all."""


@pytest.mark.proof
@pytest.mark.parametrize("season", SEASONS)
def test_eight_clean_days_are_built_and_sent(tmp_path: Path, season: str) -> None:
    company = Company.begin(tmp_path / "company", None, SEASONS[season])
    assert company.run().ended.code == 0
    for _ in range(BUILDS):
        company.deliver()
        before, ran = company.published, company.run()
        assert ran.ended.code == 0, ran.told
        assert company.published == before + 1


def test_the_three_days_of_thanksgiving_land(tmp_path: Path) -> None:
    company = Company.begin(tmp_path / "company", 800, date(2017, 11, 22))
    company.land()
    for _ in range(3):
        company.publish_nothing()
        company.deliver()
        before = Lake(company.project.lake).last_batch()
        company.land()
        assert Lake(company.project.lake).last_batch() == before + 1
