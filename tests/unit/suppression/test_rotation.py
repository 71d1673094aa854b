"""Whatever happens to keys, addresses and the list, nobody who was suppressed can be reached."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp.declarations.addresses import AddressKind, Reason
from cdp.errors import ConfigurationError
from cdp.suppression.changing import add_addresses, find_addresses, rotate
from cdp.suppression.keys import VARIABLE
from tests.unit.suppression.conftest import SECRETS, ListCompany

PEOPLE = ("a", "b", "c")
events = st.one_of(
    st.tuples(st.just("shows"), st.sampled_from(PEOPLE)),
    st.tuples(st.just("adds"), st.sampled_from(PEOPLE)),
    st.tuples(st.just("rotates"), st.none()),
    st.tuples(st.just("forgets"), st.none()),
    st.tuples(st.sampled_from(["gets", "drops"]), st.sampled_from(sorted(SECRETS))),
)


class Story:
    """A company and its keys; `listed` and `shown` are what a plain list without any keys would hold."""

    def __init__(self, root: Path) -> None:
        self.company, self.keys = ListCompany(root / "company"), ["k1"]
        self.listed: set[str] = set()
        self.shown: set[str] = set()

    def tell(self, number: int, what: str, about: str | None) -> None:
        match what:
            case "shows":
                self.company.shows(str(number), {"email": f"{about}@example.com", "number": number})
                self.shown.add(str(about))
            case "adds":
                add_addresses(self.company.project, Reason.ERASED, AddressKind.EMAIL, [f"{about}@example.com"])
                self.listed.add(str(about))
            case "rotates":
                rotate(self.company.project)
            case "forgets":
                self.company.forget_addresses()
                self.shown.clear()
            case "gets":
                self._turn([str(about), *(name for name in self.keys if name != about)])
            case "drops":
                self._turn([name for name in self.keys if name != about])

    def _turn(self, keys: list[str]) -> None:
        """Use other keys from now on, unless the next landing refuses them: then those before stay."""
        before, self.keys = self.keys, keys
        with self.environment():
            try:
                self.company.land()
            except ConfigurationError:
                self.keys = before

    def environment(self) -> patch.dict:  # type: ignore[type-arg]
        return patch.dict(os.environ, {VARIABLE: ",".join(f"{name}:{SECRETS[name]}" for name in self.keys)})

    def holds(self) -> None:
        caught = {address.partition("@")[0] for _, address in self.company.suppressed()}
        assert caught == self.listed & self.shown
        if self.keys:
            found = find_addresses(self.company.project, AddressKind.EMAIL, [f"{name}@example.com" for name in PEOPLE])
            assert {PEOPLE[each.line - 1] for each in found} == self.listed


def live(story: list[tuple[str, str | None]]) -> None:
    with TemporaryDirectory() as folder:
        told = Story(Path(folder))
        for number, (what, about) in enumerate(story):
            with told.environment():
                if told.keys or what not in {"adds", "rotates"}:
                    told.tell(number, what, about)
            with told.environment():
                told.holds()


@settings(max_examples=12, deadline=None)
@given(st.lists(events, max_size=9))
def test_no_story_makes_a_listed_address_reachable(story: list[tuple[str, str | None]]) -> None:
    live(story)


@pytest.mark.proof
@settings(max_examples=100, deadline=None)
@given(st.lists(events, max_size=16))
def test_no_long_story_makes_a_listed_address_reachable(story: list[tuple[str, str | None]]) -> None:
    live(story)
