"""Answers that make no sense: the batch may have been applied, so it is asked about again, and nothing is believed."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from reverse_etl.destinations.http import HttpCaller
from reverse_etl.engine.words import RowVerdict, Verdict

ANSWERS = {
    "/html": (b"<html>Done.</html>", "identity"),
    "/empty": (b"", "identity"),
    "/failed": (b'{"status": "failed", "error": "quota"}', "identity"),
    "/not-zipped": (b"plain", "gzip"),
}


class Nonsense(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body, encoding = ANSWERS[self.path]
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Encoding", encoding)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Nonsense) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ANSWERS)
def test_a_success_that_makes_no_sense_is_a_lost_answer(url: str, path: str) -> None:
    def errors(body: dict[str, list[object]]) -> dict[int, RowVerdict]:
        assert not body["errors"]
        return {}

    caller = HttpCaller(url, {})
    reply = caller.post(path, {}, errors)
    caller.close()
    assert (reply.verdict, reply.code, reply.is_lost) == (Verdict.RETRY, "unreadable_answer", True)
