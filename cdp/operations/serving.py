"""Metrics over HTTP, on loopback: it has no login."""

from __future__ import annotations

from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cdp.cli.console import errors
from cdp.errors import CdpError, ConfigurationError
from cdp.operations.metrics import CONTENT_TYPE, exposition
from cdp.project import Project

LOOPBACK = "127.0.0.1"


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, project: Project, *arguments: Any) -> None:
        self._project = project
        super().__init__(*arguments)

    def do_GET(self) -> None:
        if self.path != "/metrics":
            self._answer(404, "text/plain", "see /metrics\n")
            return
        try:
            self._answer(200, CONTENT_TYPE, exposition(self._project))
        except CdpError as error:
            self._answer(503, "text/plain; charset=utf-8", f"{error}\n")

    def _answer(self, status: int, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Scrapes are no news."""


def metrics_server(project: Project, port: int) -> ThreadingHTTPServer:
    """A server that counts anew for every scrape.

    Raises ConfigurationError where the port is taken.
    """
    try:
        return ThreadingHTTPServer((LOOPBACK, port), partial(_Handler, project))
    except OSError as error:
        raise ConfigurationError(
            f"{LOOPBACK}:{port} cannot be used: {error.strerror}.", remedy="Name another port."
        ) from None


def serve_metrics(project: Project, port: int) -> None:
    """Answer until Ctrl-C."""
    with metrics_server(project, port) as server:
        errors.print(f"Metrics are at http://{LOOPBACK}:{server.server_port}/metrics (Ctrl-C ends it).")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return
