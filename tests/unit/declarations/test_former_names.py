"""`formerly`: what a segment was called, and the names that cannot be taken over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cdp.declarations.segments import read_segments
from cdp.project import Project

Declare = Callable[[str, str], Path]
RULE = "rule: {trait: orders_count, at_least: 12}"


def test_a_segment_says_what_it_was_called(project: Project, declare: Declare) -> None:
    declare("segments/frequent", f"{RULE}\nformerly: [loyal, regulars]")
    segments, problems = read_segments(project)
    assert not problems
    assert segments["frequent"].formerly == ("loyal", "regulars")


def test_a_name_in_use_is_nobodys_former_name(project: Project, declare: Declare) -> None:
    declare("segments/loyal", RULE)
    declare("segments/frequent", f"{RULE}\nformerly: [regulars, loyal]")
    _, problems = read_segments(project)
    assert len(problems) == 1
    assert "frequent.yml:5: there still is a segment `loyal`." in str(problems[0])


def test_two_segments_cannot_take_over_one_history(project: Project, declare: Declare) -> None:
    declare("segments/frequent", f"{RULE}\nformerly: [loyal]")
    declare("segments/regular", f"{RULE}\nformerly: [loyal]")
    _, problems = read_segments(project)
    assert len(problems) == 1
    assert "regular.yml:5: `frequent` was formerly `loyal` too." in str(problems[0])
