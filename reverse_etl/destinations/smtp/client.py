"""Letters through a mail server, one by one; it knows no idempotency: what it may have taken is not sent again."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from cdp.errors import ConfigurationError
from reverse_etl.destinations.connector import Account, CapabilitySheet, Connector, Target
from reverse_etl.destinations.letters import LetterTexts, letter
from reverse_etl.destinations.rows import fields_of
from reverse_etl.destinations.smtp.compose import envelope
from reverse_etl.destinations.smtp.config import CAPABILITIES, POLICY, AccountOptions, SyncOptions
from reverse_etl.destinations.smtp.session import Server, Session, StoppedError
from reverse_etl.destinations.texts import UnfilledError
from reverse_etl.engine.ports import Limit
from reverse_etl.engine.words import Batch, Reply, RowVerdict, Verdict

_PORTS = {"smtp": 587, "smtps": 465}
_TOO_MANY = Reply(Verdict.REJECTED, "too_many_rows", "a batch has fewer letters")
_LATER = Reply(Verdict.RETRY, "after_a_break", "an answer was lost before this letter's turn")
_NOT_LET = Reply(Verdict.FATAL, POLICY, "the server passes on none of our letters: it may want a login")


class Smtp:
    """See `reverse_etl.engine.ports.Destination`."""

    def __init__(self, account: Account, target: Target) -> None:
        who, self._said = AccountOptions.model_validate(account.options), SyncOptions.model_validate(target.options)
        self.capabilities = _capabilities(who)
        self._texts, self._campaign = LetterTexts.of(target, self._said), target.name
        self._session = Session(_server(account, who), account.secret.reveal())

    def send(self, batch: Batch) -> Reply:
        if len(batch) > self.capabilities.max_rows:
            return _TOO_MANY
        verdicts: dict[int, RowVerdict] = {}
        for position, (key, row) in enumerate(zip(batch.keys, fields_of(batch), strict=True)):
            try:
                verdicts[position] = self._hand_over(key, row)
            except StoppedError as stopped:
                return _stopped(stopped.reply, verdicts, len(batch))
            if verdicts[position].verdict is Verdict.UNKNOWN:
                return _stopped(_LATER, verdicts, len(batch))
        if len(batch) > 1 and all(verdict.code == POLICY for verdict in verdicts.values()):
            return _NOT_LET
        return Reply(Verdict.OK, rows=verdicts)

    def close(self) -> None:
        self._session.close()

    def _hand_over(self, key: str, row: Mapping[str, Any]) -> RowVerdict:
        try:
            written = letter(self._texts, row)
        except UnfilledError as unfilled:
            return unfilled.verdict
        return self._session.hand_over(envelope(written, self._said, f"{self._campaign}/{key}"))


def _stopped(reply: Reply, verdicts: Mapping[int, RowVerdict], count: int) -> Reply:
    """What was taken stays taken: then only the rest is to be tried again."""
    if all(verdict.verdict in {Verdict.REJECTED, Verdict.RETRY} for verdict in verdicts.values()):
        return reply
    later = RowVerdict(Verdict.RETRY, reply.code, reply.reason)
    return Reply(Verdict.OK, reply.code, reply.reason, {**dict.fromkeys(range(count), later), **verdicts})


def _capabilities(who: AccountOptions) -> CapabilitySheet:
    if who.messages_per_minute is None:
        return CAPABILITIES
    limit = Limit(who.messages_per_minute, seconds=60, of="rows")
    return replace(CAPABILITIES, max_rows=min(CAPABILITIES.max_rows, limit.count), limits=(limit,))


def _server(account: Account, who: AccountOptions) -> Server:
    """Raises ConfigurationError where the address is none, or a password would go over an open line."""
    address = urlsplit(account.base_url)
    is_tls_from_start = address.scheme == "smtps"
    is_encrypted = is_tls_from_start or who.tls == "required"
    if who.username and not is_encrypted:
        raise ConfigurationError(
            f"`{account.name}` would send its password over a line that is not encrypted.",
            remedy="Leave `tls: none` out, or the `username`.",
        )
    password = account.secret.reveal()
    if who.username and not password:
        raise ConfigurationError(
            f"`{account.name}` has a `username` and no password.", remedy="Name its variable: `secret_env: …`."
        )
    if not (who.username + password).isascii():
        raise ConfigurationError(f"`{account.name}` logs in with characters that the protocol does not carry.")
    context = _trust(account.name, who.ca_file) if is_encrypted else None
    port = address.port or _PORTS[address.scheme]
    name = who.local_hostname or None
    return Server(address.hostname or "", port, is_tls_from_start, context, who.username, name, who.timeout)


def _trust(name: str, ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except OSError:
        raise ConfigurationError(f"`{name}` names a `ca_file` that cannot be read.") from None


def check(target: Target) -> None:
    """Raises DeclarationError where a template is not there, or the sync does not map what it needs."""
    LetterTexts.of(target, SyncOptions.model_validate(target.options)).check(target)


CONNECTOR = Connector(
    CAPABILITIES,
    Smtp,
    schemes=frozenset(_PORTS),
    needs_secret=False,
    account_options=AccountOptions,
    sync_options=SyncOptions,
    check=check,
)
