"""Put on `PYTHONPATH`, it lets a Python process and its children reach this machine only, and notes every other try."""

import ipaddress
import os
import socket
from pathlib import Path
from typing import Any

_connect, _connect_ex, _getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo


def _is_here(host: object) -> bool:
    if host in (None, "", "localhost", b"localhost", socket.gethostname()):
        return True
    try:
        return ipaddress.ip_address(str(host).split("%")[0]).is_loopback
    except ValueError:
        return False


def _check(host: object) -> None:
    if not _is_here(host):
        with Path(os.environ["CDP_TEST_GUARD_LOG"]).open("a") as log:
            log.write(f"{os.getpid()} {host}\n")
        raise PermissionError(f"{host} is not this machine")


def _guarded_connect(self: socket.socket, address: Any) -> None:
    if self.family in (socket.AF_INET, socket.AF_INET6):
        _check(address[0])
    _connect(self, address)


def _guarded_connect_ex(self: socket.socket, address: Any) -> int:
    if self.family in (socket.AF_INET, socket.AF_INET6):
        _check(address[0])
    return _connect_ex(self, address)


def _guarded_getaddrinfo(host: Any, *rest: Any, **named: Any) -> Any:
    _check(host)
    return _getaddrinfo(host, *rest, **named)


socket.socket.connect = _guarded_connect  # type: ignore[method-assign]
socket.socket.connect_ex = _guarded_connect_ex  # type: ignore[method-assign]
socket.getaddrinfo = _guarded_getaddrinfo
