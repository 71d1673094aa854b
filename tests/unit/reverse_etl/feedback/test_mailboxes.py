"""Which destinations are heard, and what a person is told who has declared one badly."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp.errors import ConfigurationError
from cdp.project import Project
from reverse_etl.feedback.mailboxes import mailboxes_of
from tests.doubles.feedback import SECRETS

HOOK = "{type: webhook, secret_env: CDP_TEST_HOOK, feedback: {}}"


def project(folder: Path, destination: str) -> Project:
    (folder / "cdp.yml").write_text(f"name: test\ndestinations:\n  quiet: {{type: postgres}}\n  it: {destination}\n")
    return Project.load(folder)


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_TEST_HOOK", SECRETS["hook"])
    monkeypatch.setenv("CDP_TEST_TOKEN", "token")


def test_who_says_feedback_is_heard(tmp_path: Path) -> None:
    assert mailboxes_of(project(tmp_path, HOOK))["it"].trust.secret == SECRETS["hook"]
    assert "whsec" not in repr(mailboxes_of(project(tmp_path, HOOK)))


def test_what_signs_can_be_another_secret_than_the_credential(tmp_path: Path) -> None:
    said = "{secret_env: CDP_TEST_TOKEN, public_url: 'https://cdp.example.com'}"
    found = mailboxes_of(project(tmp_path, f"{{type: twilio, secret_env: CDP_TEST_HOOK, feedback: {said}}}"))
    assert found["it"].trust.secret == "token"


@pytest.mark.parametrize(
    ("destination", "complaint"),
    [
        ("{type: webhook, secret_env: CDP_TEST_HOOK}", "no destination reports back"),
        ("{type: smtp, secret_env: CDP_TEST_HOOK, feedback: {}}", "nobody knows how a `smtp` reports"),
        ("{type: twilio, secret_env: CDP_TEST_TOKEN, feedback: {}}", "cdp.yml:4: `it` signs the address that it calls"),
        ("{type: webhook, secret_env: CDP_TEST_TOKEN, feedback: {}}", "no signing key"),
        ("{type: webhook, secret_env: CDP_TEST_HOOK, feedback: {secret_env: CDP_NONE}}", "CDP_NONE is not set"),
        ("{type: webhook, feedback: {}}", "does not say which environment variable"),
    ],
)
def test_a_declaration_that_would_hear_nothing_is_refused(tmp_path: Path, destination: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        mailboxes_of(project(tmp_path, destination))
    assert complaint in str(caught.value)
    assert SECRETS["hook"] not in str(caught.value)
