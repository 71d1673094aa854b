"""Files that are YAML in name, or that say more than a file can."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp.declarations.yaml_source import read_yaml
from cdp.errors import DeclarationError

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (BOMB, "says more than 50,000 things"),
        ("a: &a\n  b: *a\n", "nested too deeply"),
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
