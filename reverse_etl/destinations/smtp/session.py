"""A connection to a mail server that is opened when it is needed, and reused.

Until the dot that ends a letter, nothing was accepted and everything may be tried again. From that dot on, only an
answer tells.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass

from reverse_etl.destinations.smtp.compose import Envelope
from reverse_etl.destinations.smtp.config import POLICY, REASONS
from reverse_etl.engine.words import Reply, RowVerdict, Verdict

_OK, _OK_FORWARDED, _GO_ON, _CLOSING = 250, 251, 354, 421
_UNKNOWN = RowVerdict(Verdict.UNKNOWN, "connection_lost", "the connection broke before the answer came")
_NO_UTF8 = RowVerdict(Verdict.REJECTED, "no_smtputf8", "the server takes no addresses outside ASCII")


class StoppedError(Exception):
    """The server takes nothing at the moment; `reply` is what that means to all that it has not taken."""

    def __init__(self, verdict: Verdict, code: str, reason: str) -> None:
        super().__init__(code)
        self.reply = Reply(verdict, code, reason)


class _ClosedError(Exception):
    """The connection is gone, and nothing of this letter was accepted."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server is and how to be let in; `encryption` is from the start, by STARTTLS, or not there."""

    host: str
    port: int
    is_tls_from_start: bool
    context: ssl.SSLContext | None
    username: str
    local_hostname: str | None
    timeout: float


class Session:
    """Hands over letters one by one."""

    def __init__(self, server: Server, password: str) -> None:
        self._server, self._password = server, password
        self._smtp: smtplib.SMTP | None = None

    def hand_over(self, envelope: Envelope) -> RowVerdict:
        """What the server said to one letter; raises StoppedError where it takes none.

        A server may close what has been idle, or after so many letters: then this letter gets a new connection.
        """
        is_reused = self._smtp is not None
        try:
            return self._transfer(self._opened(), envelope)
        except _ClosedError:
            self._drop()
            if is_reused:
                return self.hand_over(envelope)
            told = "the server closed the connection before it had the letter"
            raise StoppedError(Verdict.RETRY, "connection_closed", told) from None

    def close(self) -> None:
        if self._smtp is not None:
            with suppress(smtplib.SMTPException, OSError):
                self._smtp.quit()
            self._drop()

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None

    def _opened(self) -> smtplib.SMTP:
        if self._smtp is None:
            self._smtp = _let_in(self._server, self._password)
        return self._smtp

    def _transfer(self, smtp: smtplib.SMTP, envelope: Envelope) -> RowVerdict:
        if envelope.needs_utf8 and not smtp.has_extn("smtputf8"):
            return _NO_UTF8
        try:
            refused = _announce(smtp, envelope)
            if refused is None:
                smtp.send(envelope.content)
        except (smtplib.SMTPException, OSError):
            raise _ClosedError from None
        if refused is None:
            return self._finish(smtp, envelope)
        self._begin_anew(smtp)
        return refused

    def _begin_anew(self, smtp: smtplib.SMTP) -> None:
        try:
            smtp.rset()
        except (smtplib.SMTPException, OSError):
            self._drop()

    def _finish(self, smtp: smtplib.SMTP, envelope: Envelope) -> RowVerdict:
        try:
            smtp.send(b".\r\n")
            code, told = smtp.getreply()
        except (smtplib.SMTPException, OSError):
            self._drop()
            return _UNKNOWN
        if code == _OK:
            return RowVerdict(Verdict.OK, remote_id=envelope.message_id)
        if not 400 <= code < 600:
            self._drop()
            return _UNKNOWN
        return _of_letter(code, told)


def _announce(smtp: smtplib.SMTP, envelope: Envelope) -> RowVerdict | None:
    """Everything before the letter itself; gives the refusal of this letter, None where it may come."""
    code, told = smtp.mail(envelope.sender, _options(smtp, envelope))
    if code != _OK:
        return _of_sender(code, told)
    code, told = smtp.rcpt(envelope.to)
    if code not in {_OK, _OK_FORWARDED}:
        return _of_letter(code, told)
    code, told = smtp.docmd("DATA")
    return None if code == _GO_ON else _of_letter(code, told)


def _options(smtp: smtplib.SMTP, envelope: Envelope) -> list[str]:
    size = [f"SIZE={len(envelope.content)}"] if smtp.has_extn("size") else []
    return [*size, "SMTPUTF8"] if envelope.needs_utf8 else size


def _of_sender(code: int, told: bytes) -> RowVerdict:
    """A refusal of the sender goes for every letter; only its size is a letter's own."""
    if code == _CLOSING:
        raise _ClosedError
    if code == 552:
        return _of_letter(code, told)
    if 400 <= code < 500:
        raise StoppedError(Verdict.RETRY, f"smtp_{code}", "the server is busy with us")
    raise StoppedError(Verdict.FATAL, f"smtp_{code}", "the server does not take letters from this sender")


def _of_letter(code: int, told: bytes) -> RowVerdict:
    if code == _CLOSING:
        raise _ClosedError
    if code == 530:
        raise StoppedError(Verdict.FATAL, "smtp_530", "the server demands that we log in, or encrypt")
    if 400 <= code < 500:
        return RowVerdict(Verdict.RETRY, f"smtp_{code}", "the server does not take this letter at the moment")
    if told.startswith(b"5.7."):
        return RowVerdict(Verdict.REJECTED, POLICY, "the server may not, or will not, pass this letter on")
    return RowVerdict(Verdict.REJECTED, f"smtp_{code}", REASONS.get(code, "the server refuses the letter"))


def _let_in(server: Server, password: str) -> smtplib.SMTP:
    """An open connection that is encrypted and logged in, as declared; raises StoppedError."""
    try:
        return _connected(server, password)
    except smtplib.SMTPNotSupportedError:
        told = "the server does not offer the encryption or the login that is declared"
        raise StoppedError(Verdict.FATAL, "not_offered", told) from None
    except smtplib.SMTPAuthenticationError as error:
        if 400 <= error.smtp_code < 500:
            raise _busy(error.smtp_code) from None
        told = "the server does not accept our credential"
        raise StoppedError(Verdict.FATAL, f"smtp_{error.smtp_code}", told) from None
    except smtplib.SMTPResponseException as error:
        if 400 <= error.smtp_code < 500:
            raise _busy(error.smtp_code) from None
        raise StoppedError(Verdict.FATAL, f"smtp_{error.smtp_code}", "the server does not want us") from None
    except ssl.SSLCertVerificationError:
        told = "the server's certificate is none that we trust"
        raise StoppedError(Verdict.FATAL, "untrusted_certificate", told) from None
    except (smtplib.SMTPException, OSError):
        raise StoppedError(Verdict.RETRY, "unreachable", "the server cannot be reached") from None


def _busy(code: int) -> StoppedError:
    return StoppedError(Verdict.RETRY, f"smtp_{code}", "the server is busy with us")


def _connected(server: Server, password: str) -> smtplib.SMTP:
    where, name = (server.host, server.port), server.local_hostname
    if server.is_tls_from_start:
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(*where, name, timeout=server.timeout, context=server.context)
    else:
        smtp = smtplib.SMTP(*where, name, timeout=server.timeout)
    try:
        if smtp.sock:
            # Else the final dot, which goes alone, waits until the peer has confirmed the letter: 40 ms each.
            smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if server.context and not server.is_tls_from_start:
            smtp.starttls(context=server.context)
        smtp.ehlo_or_helo_if_needed()
        if server.username:
            smtp.login(server.username, password)
    except BaseException:
        smtp.close()
        raise
    return smtp
