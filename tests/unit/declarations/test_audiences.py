"""Audiences as their authors write them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cdp.declarations.audiences import load_audiences
from cdp.declarations.experiments import BUCKETS, buckets_of
from cdp.errors import DeclarationError
from cdp.project import Project

Declare = Callable[[str, str], Path]
LETTER = "segment: romans\nchannel: email\npurpose: marketing"
ADS = "segment: romans\nchannel: ads\npurpose: marketing"


def test_an_audience_names_a_segment_a_channel_and_a_purpose(project: Project, declare: Declare) -> None:
    declare("segments/romans", "rule: {trait: city, is: Rome}")
    declare("audiences/letter", "segment: romans\nchannel: email\npurpose: marketing")
    audience = load_audiences(project)["letter"]
    assert (audience.segment, audience.channel, audience.purpose) == ("romans", "email", "marketing")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            "segment: roman\nchannel: email\npurpose: x",
            "letter.yml:4: there is no segment `roman`. Did you mean `romans`?",
        ),
        (
            "segment: romans\nchannel: mail\npurpose: marketing",
            "letter.yml:5: there is no channel `mail`. Did you mean `email`?",
        ),
        (
            "segment: romans\nchannel: email\npurpose: marketting",
            "letter.yml:6: there is no purpose `marketting`. Did you mean `marketing`?",
        ),
        (
            "segment: romans\nchannel: email\npurpose: fun",
            "there is no purpose `fun`. The known names are in `vars.consent` of `dbt_project.yml`.",
        ),
        ("segment: romans\nchannel: sms", "letter.yml:1: `purpose` is missing."),
        (f"{LETTER}\nmessage_class: gossip", "letter.yml:7: there is no message class `gossip`."),
        (f"{LETTER}\nfrequency_cap: {{at_most: 3, within_last: a week}}", "write a length of time such as `7 days`"),
        (f"{LETTER}\nfrequency_cap: {{at_most: 0, within_last: 7 days}}", "letter.yml:7: `frequency_cap.at_most`"),
        (
            f"{ADS}\nfrequency_cap: {{at_most: 3, within_last: 7 days}}",
            "letter.yml:7: a `frequency_cap` counts messages, and `ads` has none. Leave it out, or list",
        ),
        (f"{LETTER}\npriority: 1", "`priority_group` and `priority` stand together"),
        (f"{LETTER}\nexperiment: autumn", "an `experiment` needs a `holdout` or `variants`"),
        (f"{LETTER}\nholdout: 0 percent", "letter.yml:7: `holdout`: write a share between 0.01 and 99.99"),
        (f"{LETTER}\nholdout: 0.1", "letter.yml:7: `holdout`: write a share between 0.01 and 99.99"),
        (f"{LETTER}\nvariants: {{a: 50, b: 40}}", "letter.yml:7: `variants`: the shares are percents"),
        (f"{LETTER}\nvariants: {{a: 50, holdout: 50}}", "`holdout` is the name of those who are in no variant"),
        (f"{LETTER}\nvariants: {{only: 100}}", "letter.yml:7: `variants"),
    ],
)
def test_a_mistake_is_answered_with_its_line(project: Project, declare: Declare, body: str, told: str) -> None:
    declare("segments/romans", "rule: {trait: city, is: Rome}")
    declare("audiences/letter", body)
    with pytest.raises(DeclarationError) as caught:
        load_audiences(project)
    assert told in str(caught.value)


def test_what_an_audience_may_declare_besides(project: Project, declare: Declare) -> None:
    declare("segments/romans", "rule: {trait: city, is: Rome}")
    declare("audiences/plain", LETTER)
    declare(
        "audiences/letter",
        f"{LETTER}\nmessage_class: triggered\nfrequency_cap: {{at_most: 3, within_last: 7 days}}\n"
        "priority_group: mail\npriority: 1\nholdout: 12.5 percent\nvariants: {a: 50, b: 50}",
    )
    audiences = load_audiences(project)
    letter, plain = audiences["letter"], audiences["plain"]
    assert letter.frequency_cap and str(letter.frequency_cap.within_last) == "7 days"
    assert letter.buckets == {"holdout": 1250, "a": 4375, "b": 4375}
    assert letter.experiment_name == "letter"
    assert (plain.message_class, plain.frequency_cap, plain.is_experiment) == ("marketing", None, False)


def test_two_audiences_cannot_go_first_together(project: Project, declare: Declare) -> None:
    declare("segments/romans", "rule: {trait: city, is: Rome}")
    for name in ("first", "second"):
        declare(f"audiences/{name}", f"{LETTER}\npriority_group: mail\npriority: 1")
    with pytest.raises(DeclarationError, match=r"second.yml:8: `first` has priority 1 in `mail`, too"):
        load_audiences(project)


def test_one_experiment_is_divided_in_one_way(project: Project, declare: Declare) -> None:
    declare("segments/romans", "rule: {trait: city, is: Rome}")
    declare("audiences/letter", f"{LETTER}\nexperiment: autumn\nholdout: 10 percent")
    declare("audiences/text", f"{LETTER}\nexperiment: autumn\nholdout: 20 percent")
    with pytest.raises(DeclarationError, match=r"text.yml:7: `letter` divides the experiment `autumn` otherwise"):
        load_audiences(project)


@pytest.mark.parametrize(
    ("holdout", "variants"),
    [(None, None), (1, None), (9_999, {"a": 50, "b": 50}), (1_003, {"a": 33, "b": 33, "c": 34})],
)
def test_buckets_are_given_out_to_the_last(holdout: int | None, variants: dict[str, int] | None) -> None:
    assert sum(buckets_of(holdout, variants).values()) == BUCKETS
