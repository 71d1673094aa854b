"""A steward's decisions are read with their lines, and refused where they contradict each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp.errors import DeclarationError
from cdp.identity.checks import check_identity
from cdp.identity.overrides import load_overrides, override_line
from tests.doubles.dbt_project import REPOSITORY

HEADER = "record_key_a,record_key_b,decision,comment\n"


def written(tmp_path: Path, text: str | bytes) -> Path:
    (tmp_path / "seeds").mkdir(exist_ok=True)
    content = text.encode() if isinstance(text, str) else text
    (tmp_path / "seeds" / "identity_overrides.csv").write_bytes(content)
    return tmp_path


def test_decisions_are_read_with_their_lines(tmp_path: Path) -> None:
    project = written(tmp_path, HEADER + 'b,a,never,"twins, two people"\n\nc,d,always,\n')
    found = [(each.pair, each.decision, each.where.line) for each in load_overrides(project)]
    assert found == [(("a", "b"), "never", 2), (("c", "d"), "always", 4)]


def test_no_file_is_no_decision(tmp_path: Path) -> None:
    assert load_overrides(tmp_path) == []


def test_the_line_to_add_is_a_line_of_the_file(tmp_path: Path) -> None:
    project = written(tmp_path, HEADER + override_line('shop:"b", c', "shop:a", "never") + "\n")
    assert load_overrides(project)[0].pair == ('shop:"b", c', "shop:a")


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("c,d,never,\na,b,sometimes,\n", "neither `always` nor `never`"),
        ("c,d,never,\na,a,never,\n", "paired with itself"),
        ("c,d,never,\nd,c,always,\n", "`never` and `always` at once; the other line is 2"),
        ("c,d,never,\nd,c,never,\n", "decided a second time; the other line is 2"),
        ("c,d,never,\na,,never,\n", "a record key is missing"),
        ("c,d,never,\na, b,never,\n", "has blanks around it"),
        ("c,d,never,\na,b,never,one, two\n", "5 values where there are 4 columns"),
        ('c,d,never,\na,b,never,"open\n', "not CSV"),
    ],
)
def test_a_line_that_decides_nothing_is_refused(tmp_path: Path, lines: str, told: str) -> None:
    with pytest.raises(DeclarationError, match=told) as refused:
        load_overrides(written(tmp_path, HEADER + lines))
    assert refused.value.where is not None
    assert refused.value.where.line == 3


def test_a_pair_kept_apart_and_joined_through_others_is_refused(tmp_path: Path) -> None:
    lines = "a,b,always,\nb,c,always,\nc,d,never,\nd,a,always,\nx,y,always,\n"
    with pytest.raises(DeclarationError, match="joined through other records by the lines 2 and 3 and 5") as refused:
        load_overrides(written(tmp_path, HEADER + lines))
    assert refused.value.where is not None
    assert refused.value.where.line == 4


def test_a_pair_kept_apart_beside_others_that_are_joined(tmp_path: Path) -> None:
    assert len(load_overrides(written(tmp_path, HEADER + "a,b,always,\nb,c,never,\nc,d,always,\n"))) == 3


def test_a_byte_order_mark_is_called_so(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="a byte order mark"):
        load_overrides(written(tmp_path, "\ufeff" + HEADER))


@pytest.mark.parametrize("text", ["", "a,b,c\n", "\ufeff" + HEADER, b"\xff\xfe"])
def test_a_file_that_is_another_is_refused(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(DeclarationError):
        load_overrides(written(tmp_path, text))


def test_every_refusal_is_told_at_once(tmp_path: Path) -> None:
    project = written(tmp_path, HEADER + "a,a,never,\nb,b,never,\n")
    (project / "dbt_project.yml").write_text("vars: {}\n")
    with pytest.raises(DeclarationError) as refused:
        check_identity(project)
    assert len(str(refused.value).splitlines()) == 4


def test_the_product_itself_passes() -> None:
    check_identity(REPOSITORY / "dbt_project")
