"""Requests and answers of HTTP/1.1, as far as webhooks and scrapes need them.

Decides what a well-formed head is, and how an answer is written. One request a connection,
nothing kept alive, no chunks: what is ambiguous is refused rather than guessed. Knows neither
sockets nor what is asked for.
"""

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from msgspec import Struct, field

END_OF_HEAD: Final = b"\r\n\r\n"
_REQUEST_LINE: Final = re.compile(r"([A-Z]{1,16}) (/[!-~]*) HTTP/1\.[01]")
_FIELD: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
_LENGTH: Final = re.compile(r"[0-9]{1,15}")


class Request(Struct, frozen=True):
    """What somebody asks: header names in lower case, the path without its query."""

    method: str
    path: str
    headers: Mapping[str, str]
    peer: str
    length: int = 0
    body: bytes = b""

    def header(self, name: str) -> str:
        """Return a header's value, empty where it is not there; `name` in lower case."""
        return self.headers.get(name, "")


class Response(Struct, frozen=True):
    """What is answered."""

    status: HTTPStatus
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


def answer(status: HTTPStatus, content: object, **headers: str) -> Response:
    """Return an answer in JSON; `retry_after` and the like become headers."""
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    return Response(status, json.dumps(content).encode() + b"\n", headers=named)


def refusal(status: HTTPStatus, why: str, **headers: str) -> Response:
    """Return an answer that says why there is none."""
    return answer(status, {"error": why}, **headers)


def read_head(raw: bytes, peer: str) -> Request | Response:
    """Return the request that a head announces, its body still to come, or why it is refused."""
    first, *lines = raw.decode("latin-1").split("\r\n")
    asked = _REQUEST_LINE.fullmatch(first)
    if asked is None:
        return refusal(HTTPStatus.BAD_REQUEST, "this is no HTTP/1.1 request")
    headers: dict[str, str] = {}
    for line in lines:
        found = _FIELD.fullmatch(line)
        if found is None:
            return refusal(HTTPStatus.BAD_REQUEST, "a header is malformed")
        name, value = found[1].lower(), found[2].rstrip(" \t")
        # A header that comes twice is joined as HTTP says; a length that does is then no number.
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    path = asked[2].partition("?")[0]
    return _measured(Request(asked[1], path, headers, peer))


def written(response: Response, *, with_body: bool = True) -> bytes:
    """Return an answer as it goes over the wire; HEAD gets all but the body."""
    headers = {
        "Content-Type": response.content_type,
        "Content-Length": str(len(response.body)),
        "Connection": "close",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        **response.headers,
    }
    lines = [f"HTTP/1.1 {response.status.value} {response.status.phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join(lines).encode("latin-1") + END_OF_HEAD
    return head + response.body if with_body else head


def _measured(request: Request) -> Request | Response:
    """Say how long the body is, where that can be said."""
    if "transfer-encoding" in request.headers:
        return refusal(HTTPStatus.LENGTH_REQUIRED, "the body must come with a Content-Length")
    length = request.headers.get("content-length", "0")
    if not _LENGTH.fullmatch(length):
        return refusal(HTTPStatus.BAD_REQUEST, "the Content-Length is no number")
    return Request(request.method, request.path, request.headers, request.peer, int(length))
