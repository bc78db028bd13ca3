"""GitHub's description as a judge: which operation a request is, and whether request and answer keep to it.

Not a server and without state. Source: `tests/support/data/github/rest-extract.json`, cut from npm `@octokit/openapi`.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from werkzeug.datastructures import Headers, ImmutableMultiDict

EXTRACT = Path(__file__).resolve().parent.parent / "data" / "github" / "rest-extract.json"
HOST = "https://api.github.com"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came over the wire."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer before it goes out. `body` None = no content."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def encoded(self) -> bytes:
        return b"" if self.body is None else json.dumps(self.body).encode()


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the description, with the path's parameters filled in."""

    id: str
    template: str
    arguments: Mapping[str, str]
    spec: Mapping[str, Any]


class _Request:
    """What openapi-core wants to see of a request (its `Request` protocol)."""

    def __init__(self, asked: Asked) -> None:
        self.host_url = HOST
        self.path = asked.path
        self.method = asked.method.lower()
        self.body: bytes | None = asked.body or None
        self.content_type = asked.headers.get("Content-Type", "application/json").lower()
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(asked.query), header=Headers(dict(asked.headers))
        )


class _Response:
    """What openapi-core wants to see of an answer (its `Response` protocol)."""

    def __init__(self, answer: Answer) -> None:
        self.status_code = answer.status
        self.headers = Headers(dict(answer.headers))
        self.content_type = "application/json"
        self.data: bytes | None = answer.encoded


class Contract:
    """The description, loaded once (about half a second)."""

    def __init__(self, extract: Path = EXTRACT) -> None:
        self._spec: dict[str, Any] = json.loads(extract.read_text(encoding="utf-8"))
        self._openapi = OpenAPI.from_dict(copy.deepcopy(self._spec))
        self._routes = [(_pattern(path), path) for path in self._spec["paths"]]

    def operation(self, asked: Asked) -> Operation | None:
        """The operation a request names, or None when the description has no such path or method."""
        for pattern, template in self._routes:
            match = pattern.fullmatch(asked.path)
            spec = self._spec["paths"][template].get(asked.method.lower()) if match else None
            if match and spec:
                arguments = {name: unquote(text) for name, text in match.groupdict().items()}
                return Operation(spec["operationId"], template, arguments, spec)
        return None

    def request_faults(self, asked: Asked, operation: Operation) -> list[str]:
        """What the request does that the description does not allow, unknown parameters and fields included."""
        faults = []
        try:
            self._openapi.validate_request(_Request(asked))
        except OpenAPIError as error:
            faults.append(_reason(error))
        known = {self._resolve(p)["name"] for p in operation.spec.get("parameters", ())}
        faults += [
            f"query parameter {name!r} is unknown" for name, _ in asked.query if name not in known
        ]
        return faults + self._unknown_fields(asked, operation)

    def answer_faults(self, asked: Asked, operation: Operation, answer: Answer) -> list[str]:
        """What our own answer does that the description does not allow.

        A status the description does not list for this operation (401, 429, 502: it lists them nowhere) is held to its
        `basic-error` schema by shape: an object with a message.
        """
        if str(answer.status) not in operation.spec["responses"]:
            shaped = isinstance(answer.body, dict) and isinstance(answer.body.get("message"), str)
            return [] if shaped and answer.status >= 400 else [f"unlisted status {answer.status}"]
        try:
            self._openapi.validate_response(_Request(asked), _Response(answer))
        except OpenAPIError as error:
            return [_reason(error)]
        return []

    def example(self, operation: Operation, status: int) -> Any:
        """The description's own example of an answer, as a fresh copy."""
        content = self._resolve(operation.spec["responses"][str(status)])["content"][
            "application/json"
        ]
        first = next(iter(content["examples"].values()))
        return copy.deepcopy(self._resolve(first)["value"])

    def named_example(self, name: str) -> Any:
        """An example by its name in `components/examples`, as a fresh copy."""
        return copy.deepcopy(self._spec["components"]["examples"][name]["value"])

    def _unknown_fields(self, asked: Asked, operation: Operation) -> list[str]:
        if not asked.body or "requestBody" not in operation.spec:
            return [f"{asked.method} with a body"] if asked.body else []
        schema = self._resolve(
            operation.spec["requestBody"]["content"]["application/json"]["schema"]
        )
        try:
            body = json.loads(asked.body)
        except ValueError:
            return []  # validate_request has said so already
        if not isinstance(body, dict) or "properties" not in schema:
            return []
        return [
            f"body field {name!r} is unknown" for name in body if name not in schema["properties"]
        ]

    def _resolve(self, node: Any) -> Any:
        while isinstance(node, dict) and "$ref" in node:
            target: Any = self._spec
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    literal = [
        re.escape(text) if i % 2 == 0 else f"(?P<{text}>[^/]+)" for i, text in enumerate(parts)
    ]
    return re.compile("".join(literal))


def _reason(error: OpenAPIError) -> str:
    """The schema's own complaints with their places, which openapi-core keeps in the cause; else its sentence."""
    causes: list[BaseException] = [error]
    while causes[-1].__cause__ is not None:
        causes.append(causes[-1].__cause__)
    told = [
        f"{found.json_path}: {found.message[:200]}"
        for cause in causes
        for found in getattr(cause, "schema_errors", ())
    ]
    return "; ".join(told or dict.fromkeys(" ".join(str(cause).split()) for cause in causes))[:600]
