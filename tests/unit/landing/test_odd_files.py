"""Things in the inbox that are no files, names that mean something to a reader, files that somebody still writes to."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cdp.landing import files as files_module
from tests.doubles.inbox import Company

GOOD = "person_id,email,orders\n1,a@example.com,2\n"
MAKE: dict[str, Callable[[Path], object]] = {
    "a folder": Path.mkdir,
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
    "a link to itself": lambda path: path.symlink_to(path),
    "a pipe": os.mkfifo,
}


@pytest.mark.parametrize("kind", MAKE)
def test_what_is_no_file_is_refused_alone_until_it_is_gone(company: Company, kind: str) -> None:
    company.deliver("people/1.csv", GOOD)
    MAKE[kind](company.root / "inbox/people/2.csv")
    landed = company.land_one("people")
    assert landed.refusals == ("people/2.csv: this is no file, or a link to nothing",)
    assert (landed.files, landed.refused, landed.landed) == (2, 1, 1)
    again = company.land()
    assert (again.batch, again.refused) == (None, 1)


def test_a_folder_on_the_way_is_no_delivery(company: Company) -> None:
    company.deliver("events/2024/1.ndjson", '{"messageId": "1"}\n')
    (company.root / "inbox/events/empty").mkdir()
    assert company.land_one("events").refused == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every file")
def test_a_file_that_may_not_be_opened_lands_when_it_may(company: Company) -> None:
    file = company.deliver("people/1.csv", GOOD)
    file.chmod(0)
    assert "cannot be opened (Permission denied)" in company.land_one("people").refusals[0]
    file.chmod(0o600)
    assert company.land_one("people").landed == 1


def test_a_file_that_vanishes_is_refused_alone(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    company.deliver("people/1.csv", GOOD)
    gone = company.deliver("people/2.csv", "person_id,email,orders\n2,,\n")
    read = files_module.read_into_incoming

    def late(*arguments: object) -> object:
        gone.unlink(missing_ok=True)
        return read(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(files_module, "read_into_incoming", late)
    landed = company.land_one("people")
    assert (landed.landed, landed.refused) == (1, 1)
    assert "it disappeared" in landed.refusals[0]


def test_a_file_that_grows_while_it_is_read_lands_once_it_is_whole(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.deliver("people/1.csv", GOOD)
    growing = company.deliver("people/2.csv", "person_id,email,orders\n2,,\n")
    read = files_module.read_into_incoming

    def meanwhile(*arguments: object) -> object:
        incoming = read(*arguments)  # type: ignore[arg-type]
        with growing.open("a") as file:
            file.write("3,,\n")
        return incoming

    monkeypatch.setattr(files_module, "read_into_incoming", meanwhile)
    landed = company.land_one("people")
    assert (landed.landed, landed.refused) == (1, 1)
    assert "still being written" in landed.refusals[0]
    monkeypatch.undo()
    company.land()
    whole = len(growing.read_text().splitlines()) - 1
    assert len(company.rows("people")) == 1 + whole


@pytest.mark.parametrize(
    "name", ["a b", "it's", 'say "x"', "new\nline", "[1]", "one*", "one?", "{1}", "100%20", "day=1", "ж😀", "b\\c"]
)
def test_any_name_is_a_name(company: Company, name: str) -> None:
    company.deliver("people/one1.csv", GOOD)
    company.deliver(f"people/{name}.csv", "person_id,email,orders\n2,,\n")
    landed = company.land_one("people")
    assert (landed.files, landed.landed, landed.refused) == (2, 2, 0)
    assert company.land().batch is None


def test_a_name_that_is_no_text_is_refused_alone(company: Company) -> None:
    company.deliver("people/1.csv", GOOD)
    try:
        Path(os.fsdecode(os.fsencode(company.root / "inbox/people") + b"/\xff.csv")).write_text("person_id\n2\n")
    except OSError:
        pytest.skip("this file system has no such names")
    landed = company.land_one("people")
    assert landed.refusals == ("people/\\xff.csv: its name is not UTF-8",)
    assert landed.landed == 1


def test_a_project_in_a_folder_with_an_odd_name(tmp_path: Path) -> None:
    company = Company(tmp_path / "[new] env=test *")
    company.deliver("people/1.csv", GOOD)
    company.land()
    company.deliver("people/2.csv", "person_id,email,orders\n2,,x\n3,,\n")
    assert company.land_one("people").landed == 1
    assert [row[0] for row in company.rejects("reason")] == ["`orders` is not a bigint"]
    assert company.catalog() == [("people/1.csv", "landed"), ("people/2.csv", "landed")]
