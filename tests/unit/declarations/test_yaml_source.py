"""Files that are YAML in name, or that say more than a file can."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field, StringConstraints

from cdp.declarations.folder import DeclaredName
from cdp.declarations.yaml_source import _Fast, _Plain, _read_by, parse, read_yaml
from cdp.errors import DeclarationError
from tests.doubles.dbt_project import REPOSITORY

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (BOMB, "says more than 50,000 things"),
        ("a: &a\n  b: *a\n", "nested too deeply"),
        ("[" * 200_000 + "]" * 200_000, "nested too deeply"),
        ("- " * 200_000 + "x", "nested too deeply"),
        ("a: 1\na: 2\n", "`a` is written twice"),
        ("!!python/object/apply:os.system [id]\n", "not YAML"),
        ("a: \0\n", "not YAML"),
        ("a: 1\nb: \a\n", r"x.yml:2: this is not YAML: it has the character U\+0007\."),
        ("#" * 1_000_001, "more than 1,000,000 bytes"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, content: str, complaint: str) -> None:
    file = tmp_path / "x.yml"
    file.write_text(content)
    with pytest.raises(DeclarationError, match=complaint):
        read_yaml(file)


def test_an_alias_is_a_value_written_once(tmp_path: Path) -> None:
    file = tmp_path / "x.yml"
    file.write_text("a: &a [1, 2]\nb: *a\n")
    assert read_yaml(file).content == {"a": [1, 2], "b": [1, 2]}


def test_a_number_is_written_in_tens(tmp_path: Path) -> None:
    file = tmp_path / "x.yml"
    file.write_text("[1:30, 010, 0x1f, 0, -7, 1_000, 99999]")
    assert read_yaml(file).content == ["1:30", "010", "0x1f", 0, -7, 1000, 99999]


def test_a_folder_is_no_declaration(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="cannot be read: Is a directory"):
        read_yaml(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        *(file.read_text("utf-8") for file in sorted((REPOSITORY / "activation").rglob("*.yml"))),
        (REPOSITORY / "dbt_project/dbt_project.yml").read_text("utf-8"),
        "a: 2017-11-01\nb: 1:30\nc: 010\nd: 1_000\ne: .5\nf: yes\ng: ~\nh: 'ёлка'\ni: &x [1]\nj: *x\n",
    ],
)
def test_the_fast_reader_and_the_plain_one_read_the_same(text: str) -> None:
    assert _read_by(_Fast, text, Path("a.yml")) == _read_by(_Plain, text, Path("a.yml"))


def test_a_long_list_is_read_while_somebody_waits(tmp_path: Path) -> None:
    file = tmp_path / "a.yml"
    file.write_text("in:\n" + "".join(f'  - "city {number}"\n' for number in range(40_000)))
    began = time.process_time()
    assert len(read_yaml(file).content["in"]) == 40_000
    assert time.process_time() - began < 5


class Asked(BaseModel):
    name: DeclaredName = "a"
    shape: Annotated[str, StringConstraints(pattern=r"^x+$")] = "x"
    count: Annotated[int, Field(ge=1, le=10_000, strict=True)] = 1
    share: float = 0.5
    is_on: Annotated[bool, Field(strict=True)] = True
    kind: Literal["one", "other"] = "one"
    several: Annotated[list[str], Field(min_length=1)] = ["a"]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("name: A b", "`name`: write small letters, digits and `_`, a letter first."),
        (f"name: {'a' * 61}", "`name`: at most 60 characters fit."),
        ("shape: y", "`shape`: write what has the form `^x+$`."),
        ("count: 1.5", "`count`: write a whole number, such as `3`."),
        ("count: many", "`count`: write a whole number, such as `3`."),
        ("count: 0", "`count`: at least 1 is needed."),
        ("count: 10001", "`count`: at most 10,000 is allowed."),
        ("share: half", "`share`: write a number, such as `0.5`."),
        ("is_on: 1", "`is_on`: write `true` or `false`."),
        ("kind: third", "`kind`: write 'one' or 'other'."),
        ("several: []", "`several`: at least 1 is needed, not 0."),
    ],
)
def test_a_mistake_is_told_in_words_of_people(tmp_path: Path, written: str, told: str) -> None:
    file = tmp_path / "x.yml"
    file.write_text(f"{written}\n")
    with pytest.raises(DeclarationError) as refused:
        parse(Asked, read_yaml(file))
    assert refused.value.what == told
