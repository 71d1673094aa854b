"""A bucket of S3, or of something that speaks like it."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
from pyarrow import fs

from reverse_etl.destinations.connector import Account
from reverse_etl.destinations.csv_files.config import AWS, S3Options
from reverse_etl.destinations.csv_files.place import CONNECTION_LOST, NOT_THERE, PlaceError
from reverse_etl.engine.words import Reply, Verdict

CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 30.0
_CHUNK = 1 << 20
_NOT_LET_IN = Reply(Verdict.FATAL, "not_let_in", "S3 does not accept our access key or its secret")
_NO_BUCKET = Reply(Verdict.FATAL, "no_bucket", "the bucket is not there, or in another region")
_NO_RIGHT = Reply(Verdict.FATAL, "no_right", "S3 does not accept our access key, or it may not read and write there")
_EMPTY = Reply(Verdict.RETRY, "empty", "the file that is there is empty, or half of the answer was lost", is_lost=True)
_REFUSED = Reply(Verdict.FATAL, "refused", "S3 refuses the call: look at the bucket, its region and the address")
_BUSY = Reply(Verdict.RETRY, "busy", "S3 is busy or fails")

# Arrow says what S3 answered in its text only. The words below are the client's own names for it; the first counts.
_NEVER_REACHED = re.compile(r"curlCode: (?:6|7)\b")
_MEANINGS = {
    "INVALID_ACCESS_KEY_ID": _NOT_LET_IN,
    "SIGNATURE_DOES_NOT_MATCH": _NOT_LET_IN,
    "NO_SUCH_BUCKET": _NO_BUCKET,
    "HTTP status 301": _NO_BUCKET,
    "ACCESS_DENIED": _NO_RIGHT,
    "HTTP status 4": _REFUSED,
    "NETWORK_CONNECTION": CONNECTION_LOST,
    "REQUEST_TIMEOUT": CONNECTION_LOST,
}


class Bucket:
    """See `Place`. S3 itself puts a file there all at once, when the last part of it has arrived."""

    def __init__(self, account: Account) -> None:
        options, url = S3Options.model_validate(account.options), urlsplit(account.base_url)
        elsewhere = {} if account.base_url == AWS else {"endpoint_override": url.netloc, "scheme": url.scheme}
        self._root = f"{options.bucket}/{options.prefix}"
        self._files = fs.S3FileSystem(
            access_key=options.access_key_id,
            secret_key=account.secret.reveal(),
            region=options.region,
            connect_timeout=CONNECT_SECONDS,
            request_timeout=ANSWER_SECONDS,
            background_writes=True,  # or a part that fails would not keep Arrow from completing the upload without it
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=1),
            **elsewhere,
        )

    def fetch(self, name: str, to: Path) -> bool:
        try:
            with self._files.open_input_stream(self._root + name) as source, to.open("wb") as target:
                while chunk := source.read(_CHUNK):
                    target.write(chunk)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise PlaceError(_meaning_of(error)) from None
        if not to.stat().st_size:
            raise PlaceError(_EMPTY)
        return True

    def publish(self, content: Path, name: str) -> None:
        try:
            with pa.memory_map(str(content)) as source:
                target = self._files.open_output_stream(self._root + name)
                while chunk := source.read_buffer(_CHUNK):
                    target.write(chunk)
                target.close()
        except OSError as error:
            raise PlaceError(_meaning_of(error)) from None

    def close(self) -> None:
        """Arrow keeps the connections."""


def _meaning_of(error: OSError) -> Reply:
    told = str(error)
    if _NEVER_REACHED.search(told):
        return NOT_THERE
    return next((meaning for words, meaning in _MEANINGS.items() if words in told), _BUSY)
