"""What a landing writes for suppression: tokens of what is new, listings of what must not be written to."""

from __future__ import annotations

import pytest

from cdp.errors import ConfigurationError, DeclarationError
from tests.doubles.inbox import ndjson
from tests.unit.suppression.conftest import SOURCES, VARIABLES, Keys, ListCompany

MORNING, NOON = "2024-05-01 06:00:00", "2024-05-01 12:00:00"


def tokens(company: ListCompany) -> list[tuple[str, str]]:
    return sorted(company.rows("tokens", "key_id, address", "suppression"))


def mail(email: str, event: str, at: str = MORNING, kind: str | None = None) -> dict[str, object]:
    return {"email": email, "event": event, "kind": kind, "sent_at": at}


def test_every_declared_address_gets_a_token_in_the_batch_that_brings_it(company: ListCompany, keys: Keys) -> None:
    keys("k1")
    company.shows(
        "1",
        {"email": " Anna@Example.com", "either": "8 (916) 123-45-67"},
        {"email": "anna@example.com", "either": "bob@example.com", "profile": {"email": "c@example.com"}},
        {"email": "nobody", "profile": {"home": {"phone": "+49 30 1234567"}}},
    )
    addresses = ["+49301234567", "+79161234567", "anna@example.com", "bob@example.com", "c@example.com"]
    assert tokens(company) == [("k1", address) for address in addresses]
    assert company.lake.last_batch() == 1
    company.shows("2", {"email": "ANNA@example.com", "either": "dana@example.com"})
    assert tokens(company) == sorted([*(("k1", address) for address in addresses), ("k1", "dana@example.com")])


def test_nothing_new_writes_nothing(company: ListCompany, keys: Keys) -> None:
    keys("k1")
    company.shows("1", {"email": "anna@example.com"})
    assert company.land().batch is None


def test_without_keys_a_landing_is_as_it_was(company: ListCompany, keys: Keys) -> None:
    keys()
    company.deliver("mails/1.ndjson", ndjson([mail("anna@example.com", "unsubscribe")]))
    assert [table.table.name for table in company.land().tables] == ["mails", "people"]
    assert not company.lake.parts("suppression", "tokens")


def test_a_key_that_comes_later_gets_tokens_of_all_that_is_known(company: ListCompany, keys: Keys) -> None:
    keys()
    company.shows("1", {"email": "anna@example.com"})
    keys("k1")
    company.land()
    assert tokens(company) == [("k1", "anna@example.com")]
    keys("k2", "k1")
    company.land()
    assert tokens(company) == [("k1", "anna@example.com"), ("k2", "anna@example.com")]
    assert company.land().batch is None


def test_a_column_that_is_declared_later_is_read_from_the_beginning(company: ListCompany, keys: Keys) -> None:
    keys("k1")
    company.declare("files", SOURCES.replace(", config: {meta: {address: [email, phone]}}", ""))
    company.shows("1", {"either": "anna@example.com"})
    assert tokens(company) == []
    company.declare("files", SOURCES)
    company.land()
    assert tokens(company) == [("k1", "anna@example.com")]


def test_rows_that_suppress_are_listed_once_and_without_their_address(company: ListCompany, keys: Keys) -> None:
    keys("k1")
    said = [
        mail("Hard@example.com", "bounce", MORNING, "hard"),
        mail("hard@example.com", "bounce", NOON, "hard"),
        mail("soft@example.com", "bounce", MORNING, "soft"),
        mail("left@example.com", "unsubscribe", MORNING),
        mail("left@example.com", "unsubscribe", NOON),
    ]
    company.deliver("mails/1.ndjson", ndjson(said))
    company.land()
    expected = [("bounced", MORNING), ("unsubscribed", NOON)]
    shown = "reason, cast(listed_at as varchar)"
    assert sorted(company.rows("listings", shown, "suppression")) == expected
    assert "@" not in str(company.rows("listings", "*", "suppression"))
    assert company.suppressed() == {("bounced", "hard@example.com"), ("unsubscribed", "left@example.com")}
    company.deliver("mails/2.ndjson", ndjson([*said, mail("left@example.com", "unsubscribe", "2024-05-02 06:00:00")]))
    company.land()
    expected.append(("unsubscribed", "2024-05-02 06:00:00"))
    assert sorted(company.rows("listings", shown, "suppression")) == expected


def test_a_key_that_is_gone_or_another_one_stops_the_landing(company: ListCompany, keys: Keys) -> None:
    keys("k1")
    company.deliver("mails/1.ndjson", ndjson([mail("hard@example.com", "bounce", MORNING, "hard")]))
    company.land()
    for names in ((), ("k2",)):
        keys(*names)
        with pytest.raises(ConfigurationError, match=r"lacks `k1` \(1 listed\)"):
            company.land()


def test_another_secret_under_a_known_name_stops_the_landing(
    company: ListCompany, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys("k1")
    company.shows("1", {"email": "anna@example.com"})
    monkeypatch.setenv("CDP_SUPPRESSION_KEYS", f"k1:{'ab12' * 16}")
    with pytest.raises(ConfigurationError, match="`k1` is not the key that made the tokens of this name"):
        company.land()


def test_macros_that_need_what_is_not_there_are_named(company: ListCompany, keys: Keys) -> None:
    keys("k1")
    settings = company.root / "dbt_project/dbt_project.yml"
    settings.write_text("vars: {}\n")
    with pytest.raises(DeclarationError, match="`vars` has no `default_calling_code`"):
        company.shows("1", {"email": "anna@example.com"})
    settings.write_text(VARIABLES)
    (company.root / "dbt_project/macros/portable/text.sql").unlink()
    with pytest.raises(DeclarationError, match="the macro `normalise_email` cannot be rendered"):
        company.shows("2", {"email": "anna@example.com"})
