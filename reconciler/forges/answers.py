"""A forge's answer → whether a status is taken, to be tried again, or given up.

Pure: decides by status code, headers and the forge's own sentence. `now` is epoch seconds.
"""

import json
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

from msgspec import Struct

from reconciler.forges.forge import Kind
from reconciler.model.plain import cut, one_line

_LONGEST_PAUSE: Final = 3600.0
_NEEDED: Final = {
    Kind.GITHUB: "it needs to write commit statuses (`repo:status`)",
    Kind.GITEA: "it needs to write to the repository (`write:repository`)",
    Kind.FORGEJO: "it needs to write to the repository (`write:repository`)",
    Kind.GITLAB: "it needs the scope `api` and the role Developer",
}


class Answer(Struct, frozen=True):
    """What came back: the names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    text: str


class Taken(Struct, frozen=True):
    """The forge shows the status."""


class Later(Struct, frozen=True):
    """Worth trying again, in so many seconds if the forge has said when."""

    why: str
    after: float | None = None


class Refused(Struct, frozen=True):
    """The same will be refused again."""

    why: str


Verdict = Taken | Later | Refused


def judged(kind: Kind, answer: Answer, now: float) -> Verdict:
    """Return what an answer means for the status that was sent."""
    status = answer.status
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES or _as_before(kind, answer):
        return Taken()
    said = _sentence(answer)
    if _limited(answer) or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Later(f"it answers {status}{said}", _pause(answer, now))
    return Refused(_reason(kind, status) + said)


def _as_before(kind: Kind, answer: Answer) -> bool:
    """Whether GitLab only says that the commit has this state already."""
    return (
        kind is Kind.GITLAB
        and answer.status == HTTPStatus.BAD_REQUEST
        and "Cannot transition status" in answer.text
    )


def _limited(answer: Answer) -> bool:
    if answer.status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT}:
        return True
    spent = answer.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in answer.headers
    return answer.status == HTTPStatus.FORBIDDEN and spent


def _pause(answer: Answer, now: float) -> float | None:
    wanted = _retry_after(answer.headers.get("retry-after", "").strip(), now)
    if wanted is None and answer.headers.get("x-ratelimit-remaining") == "0":
        wanted = _number(answer.headers.get("x-ratelimit-reset", ""), less=now)
    return None if wanted is None else min(max(0.0, wanted), _LONGEST_PAUSE)


def _retry_after(value: str, now: float) -> float | None:
    seconds = _number(value)
    if seconds is not None or not value:
        return seconds
    try:
        return parsedate_to_datetime(value).timestamp() - now
    except (ValueError, OverflowError):
        return None


def _number(value: str, *, less: float = 0.0) -> float | None:
    digits = value.strip()
    return float(digits) - less if digits.isdecimal() and digits.isascii() else None


def _reason(kind: Kind, status: int) -> str:
    if status == HTTPStatus.UNAUTHORIZED:
        return "it does not accept the token: it is wrong, or has expired"
    if status == HTTPStatus.FORBIDDEN:
        return f"the token may not set statuses: {_NEEDED[kind]}"
    if status == HTTPStatus.NOT_FOUND:
        return (
            "it knows no such repository or commit, or does not show it to this token: "
            + _NEEDED[kind]
        )
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return "it sends us elsewhere: give the new address as `api` under `forge`"
    return f"it answers {status}"


def _sentence(answer: Answer) -> str:
    """Return what a forge says of itself, in brackets."""
    try:
        body = json.loads(answer.text)
    except (ValueError, RecursionError):
        return ""
    said = (body.get("message") or body.get("error")) if isinstance(body, dict) else None
    return f" ({cut(one_line(said), 200)})" if isinstance(said, str) else ""
