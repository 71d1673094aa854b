"""A line to a server that is none of HTTP's, and that breaks when told to."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Thread

from reverse_etl.sandbox.faults import Fault, Faults

_CHUNK = 65_536
_AFTER = frozenset({Fault.LOSE_AFTER, Fault.HALF_ANSWER})


@dataclass
class Line:
    """A proxy to `server`. What says `trigger` on the way there meets the next of `faults`; b"" is said by the first
    bytes of a connection. Of an answer that is lost halfway, half of what comes next arrives.
    """

    server: tuple[str, int]
    faults: Faults = field(default_factory=Faults)
    trigger: bytes = b""
    port: int = 0

    @contextmanager
    def up(self) -> Iterator[Line]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
            accepting = Thread(target=self._accept, args=[listener])
            accepting.start()
            try:
                yield self
            finally:
                with suppress(OSError):
                    listener.shutdown(socket.SHUT_RDWR)
                accepting.join()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            Thread(target=_Call(self, client).carry, daemon=True).start()


class _Call:
    """One connection through a line."""

    def __init__(self, line: Line, client: socket.socket) -> None:
        self._line, self._client, self._fault = line, client, Fault.NONE
        self._server = socket.create_connection(line.server)
        self._is_first = True
        for end in (self._client, self._server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def carry(self) -> None:
        back = Thread(target=self._carry_back, daemon=True)
        back.start()
        with suppress(OSError):
            while (said := self._client.recv(_CHUNK)) and self._passes(said):
                self._server.sendall(said)
        if self._fault not in _AFTER:
            self._hang_up()
        back.join()
        self._client.close()
        self._server.close()

    def _passes(self, said: bytes) -> bool:
        asked = self._line.trigger in said if self._line.trigger else self._is_first
        self._is_first = False
        if asked:
            self._fault = self._line.faults.next()
        if self._fault is Fault.HANG:
            time.sleep(self._line.faults.hang_seconds)
        return self._fault is Fault.NONE or self._fault in _AFTER

    def _carry_back(self) -> None:
        with suppress(OSError):
            while answer := self._server.recv(_CHUNK):
                if self._fault is Fault.HALF_ANSWER:
                    self._client.sendall(answer[: len(answer) // 2])
                if self._fault in _AFTER:
                    break
                self._client.sendall(answer)
        self._hang_up()

    def _hang_up(self) -> None:
        for end in (self._client, self._server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
