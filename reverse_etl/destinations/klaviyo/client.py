"""Profiles of a list at Klaviyo; the key is the e-mail address. They come in bulk imports, which are jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx

from reverse_etl.destinations.connector import Account, Connector, Target
from reverse_etl.destinations.http import HttpCaller, RefusedError, counted
from reverse_etl.destinations.klaviyo.config import BASE_URL, CAPABILITIES, MEDIA_TYPE, TIMEOUT, KlaviyoAccount
from reverse_etl.destinations.klaviyo.leavers import Leavers
from reverse_etl.destinations.klaviyo.profiles import profiles
from reverse_etl.destinations.klaviyo.refusals import meaning, refused_rows
from reverse_etl.destinations.rows import others_again
from reverse_etl.engine.words import UNREADABLE, Batch, Operation, Reply, RowVerdict, Verdict
from reverse_etl.feedback.readers.klaviyo import READER

_IMPORTS = "/api/profile-bulk-import-jobs"
_PAGE = ";page="
_LOST_AT_MOST = 3

_ONCE_MORE = RowVerdict(Verdict.RETRY, "import_lost", "Klaviyo gave the import up")
_GIVES_UP = Reply(Verdict.FATAL, "imports_lost", "Klaviyo gives up one import after the other")
_UNNAMED = Reply(Verdict.REJECTED, "import_errors", "Klaviyo's import refuses rows without saying which")


class Klaviyo:
    """See `reverse_etl.engine.ports.Destination`, `WorksInJobs` and `ReadsBack`."""

    capabilities = CAPABILITIES

    def __init__(self, account: Account, target: Target) -> None:
        headers = {
            "Authorization": f"Klaviyo-API-Key {account.secret.reveal()}",
            "Accept": MEDIA_TYPE,
            "Content-Type": MEDIA_TYPE,
            "revision": KlaviyoAccount.model_validate(account.options).revision,
        }
        self._http = HttpCaller(account.base_url, headers, meaning=meaning, timeout=TIMEOUT)
        self._list = target.name
        self._leavers = Leavers(self._http, target.name)
        self._errors: dict[str, list[dict[str, Any]]] = {}
        self._ours: set[str] = set()
        self._ours_lost = 0

    def send(self, batch: Batch) -> Reply:
        if batch.operation is Operation.REMOVE:
            return self._leavers.step(batch)
        body = {
            "type": "profile-bulk-import-job",
            "attributes": {"profiles": {"data": profiles(batch)}},
            "relationships": {"lists": {"data": [{"type": "list", "id": self._list}]}},
        }
        reply = self._http.post(_IMPORTS, {"data": body}, self._begun)
        return others_again(reply, len(batch))

    def poll(self, batch: Batch) -> Reply:
        if batch.operation is Operation.REMOVE:
            return self._leavers.step(batch)
        try:
            return self._ended(batch)
        except RefusedError as refused:
            return self._once_more(batch) if refused.reply.code == "http_404" else refused.reply
        except (KeyError, TypeError, AttributeError):
            return UNREADABLE

    def found(self, keys: Sequence[str]) -> int | Reply:
        return counted(lambda: self._leavers.found(keys))

    def close(self) -> None:
        self._http.close()

    def _begun(self, said: Any) -> Reply:
        job = str(said["data"]["id"])
        self._ours.add(job)
        return Reply(Verdict.PENDING, job=job)

    def _ended(self, batch: Batch) -> Reply:
        """What became of an import; its errors are a page per call."""
        job, _, cursor = batch.job.partition(_PAGE)
        fields = {"fields[profile-bulk-import-job]": "status,failed_count"}
        said = self._http.ask("GET", f"{_IMPORTS}/{job}", query=fields)["data"]["attributes"]
        if said["status"] in {"queued", "processing"}:
            return Reply(Verdict.PENDING, job=batch.job)
        if said["status"] != "complete":
            return self._once_more(batch)
        if not said["failed_count"]:
            return Reply(Verdict.OK)
        following = self._read_errors(job, cursor)
        if following:
            return Reply(Verdict.PENDING, job=f"{job}{_PAGE}{following}")
        rows = refused_rows(batch, self._errors.pop(job))
        # A row that failed and is not named would count as delivered: the engine looks for it instead.
        return Reply(Verdict.OK, rows=rows) if len(rows) >= said["failed_count"] else _UNNAMED

    def _read_errors(self, job: str, cursor: str) -> str:
        """Read one page of an import's errors; gives the cursor of the next. A new process begins with the first."""
        if job not in self._errors:
            cursor, self._errors[job] = "", []
        query = {"fields[import-error]": "original_payload,source.pointer", "page[size]": 100}
        if cursor:
            query["page[cursor]"] = cursor
        page = self._http.ask("GET", f"{_IMPORTS}/{job}/import-errors", query=query)
        self._errors[job] += [error["attributes"] for error in page["data"]]
        return str(httpx.URL((page.get("links") or {}).get("next") or "").params.get("page[cursor]", ""))

    def _once_more(self, batch: Batch) -> Reply:
        """The import was cancelled, or is no longer known: it may be sent again, but a run does not do so for ever."""
        self._ours_lost += batch.job.partition(_PAGE)[0] in self._ours
        if self._ours_lost > _LOST_AT_MOST:
            return _GIVES_UP
        return Reply(Verdict.OK, "import_lost", rows=dict.fromkeys(range(len(batch)), _ONCE_MORE))


CONNECTOR = Connector(CAPABILITIES, Klaviyo, base_url=BASE_URL, account_options=KlaviyoAccount, reader=READER)
