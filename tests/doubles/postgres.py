"""A real PostgreSQL server for the length of a block: C collation, UTF-8, loopback and a socket of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import create_engine, make_url, text

_UNPRIVILEGED = ("postgres", "nobody")
_START_SECONDS = 30.0


def postgres_binaries() -> Path | None:
    """The folder with `initdb` and `postgres`, of the newest version there is."""
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda file: float(file.parents[1].name), reverse=True
    )
    on_path = shutil.which("initdb")
    if installed:
        return installed[0].parent
    return Path(on_path).resolve().parent if on_path else None


@contextmanager
def temporary_postgres(binaries: Path) -> Iterator[str]:
    """Start a server and give the SQLAlchemy URL of its database `postgres`, owned by the superuser `cdp`."""
    folder, identity = Path(tempfile.mkdtemp(prefix="cdp-postgres-")), _identity()
    if identity:
        shutil.chown(folder, identity["user"])
    try:
        data, port = folder / "data", _free_port()
        initialise = [binaries / "initdb", "-D", data, "-U", "cdp", "-A", "trust", "--locale=C", "-E", "UTF8", "-N"]
        subprocess.run(initialise, check=True, capture_output=True, cwd=folder, **identity)
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(folder), "fsync": "off"}
        options = [text for name, value in settings.items() for text in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [binaries / "postgres", "-D", data, "-p", str(port), *options],
                stdout=log,
                stderr=log,
                cwd=folder,
                **identity,
            )
        try:
            _wait_for(server, port, folder / "log")
            yield f"postgresql://cdp@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGINT)
            server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def empty_database(server: str) -> str:
    """URL of a database of its own on the server at this URL."""
    name, address = f"test_{uuid4().hex}", make_url(server)
    engine = create_engine(address.set(drivername="postgresql+psycopg2"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"create database {name}"))
    engine.dispose()
    return address.set(database=name).render_as_string(hide_password=False)


def _identity() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    known = {account.pw_name for account in pwd.getpwall()}
    user = next(name for name in _UNPRIVILEGED if name in known)
    return {"user": user, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    import psycopg2

    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            psycopg2.connect(host="127.0.0.1", port=port, user="cdp", dbname="postgres").close()
            return
        except psycopg2.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-500:]}") from None
            time.sleep(0.05)
