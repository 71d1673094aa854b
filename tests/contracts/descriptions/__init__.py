"""The vendors' own descriptions of what they take: a strict reader of every request that a test sends.

`<vendor>.json` is the project's slice: the shapes of the operations that its connector calls, without prose. Where the
vendor's whole description is beside the checkout, requests are held against that as well.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from openapi_core import Config, OpenAPI
from openapi_core.contrib.starlette import StarletteOpenAPIRequest
from openapi_core.exceptions import OpenAPIError
from starlette.requests import Request

SLICES = Path(__file__).parent
WHOLE = Path(__file__).resolve().parents[4] / "shared" / "contracts"


class Description:
    """One vendor's. `seen` counts the requests per operation; `violations` are what it would have refused."""

    def __init__(self, vendor: str) -> None:
        files = [SLICES / f"{vendor}.json", *WHOLE.glob(f"{vendor}*.json")]
        self._readers = [_Reader(json.loads(file.read_text())) for file in files if file.is_file()]
        self.seen: Counter[str] = Counter()
        self.violations: list[str] = []

    def check(self, request: Request, body: bytes) -> list[str]:
        """What is wrong with a request, in terms of the description; empty where nothing is.

        An operation must be known to one of the descriptions, and right by all that know it.
        """
        complaints = [reader.complaints(request, body) for reader in self._readers]
        known = [found for found in complaints if found is not None]
        told = [line for found in known for line in found] if known else [f"no such operation: {request.method}"]
        self.seen[f"{request.method} {re.sub(r'/[^/]*[0-9@][^/]*', '/…', request.url.path)}"] += 1
        self.violations += told
        return told


class _Reader:
    def __init__(self, content: dict[str, Any]) -> None:
        described = _from_discovery(content) if "discoveryVersion" in content else content
        self._api = OpenAPI.from_dict(_anywhere(_plain(described)), config=Config(spec_validator_cls=None))

    def complaints(self, request: Request, body: bytes) -> list[str] | None:
        """None where it does not know the operation."""
        asked = StarletteOpenAPIRequest(request, body)
        try:
            self._api.validate_request(asked)
        except OpenAPIError as error:
            if type(error).__name__ in {"PathNotFound", "OperationNotFound", "ServerNotFound"}:
                return None
            return _told(error)
        return []


def _told(error: OpenAPIError) -> list[str]:
    """Where and which rule, never the value: it may be a person."""
    found = getattr(error.__cause__, "schema_errors", ())
    places = [f"{'/'.join(map(str, one.absolute_path))}: {one.validator}" for one in found]
    return places or [type(error.__cause__ or error).__name__]


def _plain(part: Any) -> Any:
    """Without discriminators: validators trip over them."""
    if isinstance(part, dict):
        return {key: _plain(value) for key, value in part.items() if key != "discriminator"}
    return [_plain(item) for item in part] if isinstance(part, list) else part


def _anywhere(described: dict[str, Any]) -> dict[str, Any]:
    """The same operations at any host, under the path that the vendor's have."""
    root = urlsplit(described.get("servers", [{"url": "/"}])[0]["url"]).path or "/"
    paths = {
        path: {name: said for name, said in operations.items() if name != "servers"}
        for path, operations in described["paths"].items()
    }
    return {**described, "paths": paths, "servers": [{"url": root}]}


def _from_discovery(document: dict[str, Any]) -> dict[str, Any]:
    """Google's discovery format as OpenAPI; an unknown field is refused, as Google does."""
    paths: dict[str, Any] = {}
    for method in _methods(document):
        operation: dict[str, Any] = {"operationId": method["id"], "responses": {"200": {"description": "ok"}}}
        operation["parameters"] = [
            {"name": name, "in": said["location"], "required": said.get("required", False), "schema": _schema(said)}
            for name, said in method.get("parameters", {}).items()
            if said["location"] == "query"
        ]
        if "request" in method:
            reference = {"$ref": f"#/components/schemas/{method['request']['$ref']}"}
            operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": reference}}}
        path = "/" + method.get("flatPath", method["path"])
        paths.setdefault(path, {})[method["httpMethod"].lower()] = operation
    schemas = {name: _schema(said) for name, said in document["schemas"].items()}
    info = {"title": document["name"], "version": document["version"]}
    return {"openapi": "3.0.3", "info": info, "paths": paths, "components": {"schemas": schemas}}


def _methods(resource: dict[str, Any]) -> list[dict[str, Any]]:
    own = list(resource.get("methods", {}).values())
    return own + [method for inner in resource.get("resources", {}).values() for method in _methods(inner)]


def _schema(said: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in said:
        return {"$ref": f"#/components/schemas/{said['$ref']}"}
    schema = {key: said[key] for key in ("type", "enum", "format") if key in said and said[key] != "any"}
    if "items" in said:
        schema["items"] = _schema(said["items"])
    if "properties" in said:
        schema["properties"] = {name: _schema(inner) for name, inner in said["properties"].items()}
        schema["additionalProperties"] = False
    return schema
