"""Audiences as their authors write them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cdp.declarations.audiences import load_audiences
from cdp.errors import DeclarationError
from cdp.project import Project

Declare = Callable[[str, str], Path]


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
            "segment: romans\nchannel: fax\npurpose: x",
            "letter.yml:5: `channel`: Input should be 'email', 'sms' or 'ads'.",
        ),
        ("segment: romans\nchannel: sms", "letter.yml:1: `purpose` is missing."),
    ],
)
def test_a_mistake_is_answered_with_its_line(project: Project, declare: Declare, body: str, told: str) -> None:
    declare("segments/romans", "rule: {trait: city, is: Rome}")
    declare("audiences/letter", body)
    with pytest.raises(DeclarationError) as caught:
        load_audiences(project)
    assert told in str(caught.value)
