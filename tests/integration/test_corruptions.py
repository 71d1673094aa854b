"""Every known way to spoil a day of the demo: nobody is called, the cause is told, and the day after is sent."""

from __future__ import annotations

import re
from datetime import date
from random import Random

import pytest

from cdp.errors import CdpError
from cdp.landing.lake import Lake
from tests.doubles.corruptions import CORRUPTIONS, HARMLESS, Corruption
from tests.integration.corruptible import Company

STOPPED = {4, 5}
OF_VALUES = [corruption for corruption in CORRUPTIONS if corruption.spoil.__module__.endswith(".values")]
"""Those that a world smaller than the demo shows as well: how much comes in a day is chance there."""


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The whole demo, ten months of it published, and a day that was built upon them."""
    company = Company.begin(tmp_path_factory.mktemp("demo") / "company", None, date(2017, 11, 7))
    assert company.run().ended.code == 0
    company.deliver()
    assert company.run().ended.code == 0
    company.remember()
    return company


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """A third of the demo, landed and not built: enough to judge what arrives."""
    company = Company.begin(tmp_path_factory.mktemp("landed") / "company", 800, date(2017, 11, 8))
    company.land()
    company.publish_nothing()
    company.remember()
    return company


def _named(corruption: Corruption) -> str:
    return corruption.name


def stopped(company: Company, corruption: Corruption) -> None:
    """Spoil a day: nobody is called, readers see what they saw, and what is told names the place and the cause."""
    company.spoil(corruption)
    before = company.published
    ran = company.run()
    assert ran.calls == []
    assert ran.ended.code in STOPPED, ran.told
    assert company.published == before
    assert re.search(corruption.where, ran.told), ran.told
    assert re.search(corruption.cause, ran.told), ran.told


def test_there_are_enough_corruptions_and_each_is_called_differently() -> None:
    assert len({corruption.name for corruption in CORRUPTIONS}) == len(CORRUPTIONS) >= 25


@pytest.mark.parametrize("corruption", Random(6).sample(OF_VALUES, 3), ids=_named)
def test_a_sample_of_the_corruptions_is_stopped_before_it_lands(landed: Company, corruption: Corruption) -> None:
    landed.restore()
    landed.spoil(corruption)
    before = Lake(landed.project.lake).last_batch()
    with pytest.raises(CdpError) as stopped_by:
        landed.land()
    assert stopped_by.value.exit_code in STOPPED
    assert re.search(corruption.where, str(stopped_by.value))
    assert re.search(corruption.cause, str(stopped_by.value))
    assert Lake(landed.project.lake).last_batch() == before


@pytest.mark.proof
@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=_named)
def test_a_spoilt_day_reaches_nobody(company: Company, corruption: Corruption) -> None:
    company.restore()
    stopped(company, corruption)


@pytest.mark.proof
@pytest.mark.parametrize("corruption", Random(7).sample(CORRUPTIONS, 8), ids=_named)
def test_the_day_after_the_repair_is_built_and_sent(company: Company, corruption: Corruption) -> None:
    company.restore()
    day, before = company.spoil(corruption), company.published
    company.run()
    company.repair(day)
    company.deliver()
    ran = company.run()
    assert ran.ended.code == 0, ran.told
    assert company.published > before
    assert ran.calls


@pytest.mark.proof
@pytest.mark.parametrize("corruption", HARMLESS, ids=_named)
def test_what_is_only_written_otherwise_stops_nothing(company: Company, corruption: Corruption) -> None:
    company.restore()
    company.spoil(corruption)
    ran = company.run()
    assert ran.ended.code == 0, ran.told
