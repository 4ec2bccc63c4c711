"""Which of the engine errors a failure of docker-py is, and the sentence that says so.

Two ordered tables, first match wins: one for what the wire did, one for what the engine
answered. Pure: it must not know which call is retried, nor when.
"""

import re
import socket
import ssl
from collections.abc import Iterator
from typing import Final

import requests
import urllib3
from docker.errors import APIError
from msgspec import Struct

from reconciler.engines.engine import (
    EngineError,
    ImageMissingError,
    PermanentError,
    StrandedError,
    TransientError,
    UnreachableError,
)

_LONGEST: Final = 400
_TAIL: Final = re.compile(r" \(_ssl\.c:\d+\)")


class _Wire(Struct, frozen=True):
    """A way in which no answer came; `saying` is what it says itself, where that matters."""

    causes: tuple[type[BaseException], ...]
    sentence: str
    saying: str = ""


class _Answer(Struct, frozen=True):
    """An answer that says no: `{what}` is the pattern's group, `{text}` the engine's words."""

    pattern: str
    error: type[EngineError]
    sentence: str
    statuses: tuple[int, ...] = ()
    verb: str = ""
    exit_code: int | None = None


_WIRE: Final = (
    _Wire(
        (ssl.SSLCertVerificationError,),
        "{endpoint} shows a certificate that is not believed ({text}): see that tls.ca is the"
        " authority that signed it, and that the name in the endpoint is in it",
    ),
    _Wire(
        (ssl.SSLError,),
        "the engine at {endpoint} does not believe our certificate ({text}): see that tls.cert and"
        " tls.key are a pair, signed by the authority that it asks for",
        saying="ALERT|CERTIFICATE_REQUIRED",
    ),
    _Wire(
        (ssl.SSLError,),
        "tls.ca, tls.cert or tls.key of {endpoint} cannot be used ({text})",
        saying="PEM|NO_START_LINE|KEY_VALUES_MISMATCH|NO_CERTIFICATE",
    ),
    # The alert is lost where we were still talking.
    _Wire(
        (ssl.SSLEOFError, ssl.SSLZeroReturnError),
        "the engine at {endpoint} broke the connection off, as one that does not believe our"
        " certificate may: see that tls.cert and tls.key are signed by the authority it asks for",
    ),
    _Wire((ssl.SSLError,), "whoever answers at {endpoint} does not speak TLS ({text})"),
    _Wire((socket.gaierror,), "there is no machine by the name in {endpoint}"),
    _Wire(
        (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError),
        "the engine at {endpoint} did not answer within {deadline} s",
    ),
    _Wire((FileNotFoundError,), "no Docker Engine runs at {endpoint}: there is no such socket"),
    _Wire(
        (PermissionError,),
        "this user may not talk to the Docker Engine at {endpoint}"
        " (is the user in the group `docker`?)",
    ),
    _Wire((ConnectionRefusedError,), "no Docker Engine answers at {endpoint}"),
    _Wire((ConnectionError, EOFError), "the engine at {endpoint} broke the connection off"),
)

_ANSWERS: Final = (
    # The node is full or busy: another time.
    _Answer(
        "no space left on device|disk quota exceeded", TransientError, "the node's disk is full"
    ),
    _Answer(
        r"(?:\S*:(?P<what>\d+)\S* failed: )?port is already allocated",
        TransientError,
        "host port {what} is already in use on the node",
    ),
    _Answer(
        r"(?:\S*:(?P<what>\d+): )?(?:bind|listen): address already in use",
        TransientError,
        "host port {what} is already in use on the node",
    ),
    _Answer(
        "no available ipv[46] addresses|could not find an available",
        TransientError,
        "the node's network has no address left",
    ),
    _Answer(r"volume is in use", TransientError, "a container uses it"),
    # Private networks: somebody is on the way out, or got there first.
    _Answer(r"network (?P<what>\S+) not found", TransientError, "the network {what} is gone"),
    _Answer("has active endpoints", TransientError, "a container is still in it"),
    _Answer("pool overlaps with", TransientError, "others have taken its addresses"),
    _Answer("^address already in use", TransientError, "its address is still taken"),
    _Answer(
        "cannot allocate memory|resource temporarily unavailable|too many open files",
        TransientError,
        "the node is out of memory, processes or files ({text})",
    ),
    # Images.
    _Answer(
        r"no such image: (?P<what>\S+)",
        ImageMissingError,
        "the image {what} is not on the node",
        statuses=(404,),
    ),
    _Answer(
        "invalid reference format|repository name must be",
        PermanentError,
        "this is not the name of an image ({text})",
    ),
    _Answer(
        "manifest unknown|manifest for .* not found|not found: manifest|pull access denied"
        "|repository .* not found|no matching manifest|unauthorized|authentication required"
        "|requested access to the resource is denied|no basic auth credentials",
        ImageMissingError,
        "there is no such image, or no access to it ({text})",
        verb="pull",
    ),
    _Answer("", ImageMissingError, "there is no such image ({text})", statuses=(404,), verb="pull"),
    _Answer("", PermanentError, "the engine refuses it: {text}", statuses=(400,), verb="pull"),
    _Answer("", TransientError, "the registry could not be asked ({text})", verb="pull"),
    # A build that fails, and an archive that is not taken, do so for what is in them.
    _Answer("", PermanentError, "{text}", statuses=(0, 400), verb="build"),
    _Answer("", PermanentError, "{text}", statuses=(0, 400), verb="load"),
    # The request itself: another time would be the same.
    _Answer(
        r"bind source path does not exist: (?P<what>.+)",
        PermanentError,
        "{what}, which is to be mounted, does not exist on the node",
    ),
    _Answer(
        r"chdir to cwd \(\\?\"(?P<what>[^\"\\]*)",
        PermanentError,
        "its user may not enter the working folder {what}",
        exit_code=126,
    ),
    _Answer(
        r"exec: \\?\"(?P<what>[^\"\\]*)\\?\": [^\"]*"
        "(?:executable file not found|no such file or directory)",
        PermanentError,
        "the image has no program {what}",
        exit_code=127,
    ),
    _Answer(
        r"exec: \\?\"(?P<what>[^\"\\]*)\\?\": [^\"]*(?:permission denied|is a directory)",
        PermanentError,
        "the program {what} may not be executed",
        exit_code=126,
    ),
    _Answer(
        r"exec format error",
        PermanentError,
        "the program is not made for this node's kind of machine ({text})",
        exit_code=126,
    ),
    _Answer(
        "are you trying to mount a directory onto a file",
        PermanentError,
        "a folder is mounted where the image has a file, or the other way round ({text})",
        exit_code=127,
    ),
    _Answer(r"invalid signal: (?P<what>\S+)", PermanentError, "there is no signal {what}"),
    _Answer(
        r"unable to find (?P<what>(?:user|group) [^:\s]+)",
        PermanentError,
        "the image does not know the {what}",
        exit_code=126,
    ),
    _Answer(
        "operation not permitted",
        PermanentError,
        "the node does not grant a privilege that it asks for ({text})",
    ),
    # What a start has left with containerd that the engine did not live to see the end of.
    _Answer(
        r"task [0-9a-f]{64}: already exists|^id already in use",
        StrandedError,
        "the engine died while it was starting it, so whether its program has begun is not known",
        verb="start",
    ),
    _Answer(
        r"container \S+ is (?P<what>not running|paused|restarting)",
        TransientError,
        "the container is {what}",
        verb="execute",
    ),
    # Whatever else, by the answer's number.
    _Answer("no such container", TransientError, "the container is gone", statuses=(404,)),
    _Answer(
        "shutting down|transport is closing|database not open",
        UnreachableError,
        "the engine is shutting down",
    ),
    _Answer("", TransientError, "the engine is busy with it ({text})", statuses=(409,)),
    _Answer("", UnreachableError, "the engine is not available ({text})", statuses=(502, 503, 504)),
    _Answer("", PermanentError, "the engine refuses it: {text}", statuses=tuple(range(400, 500))),
    _Answer("", TransientError, "the engine failed: {text}"),
)


def translate(error: Exception, *, doing: str, endpoint: str, deadline: float) -> EngineError:
    """Return the engine error for an exception; `doing` is what was asked: `start a.b.1.0.1`."""
    if isinstance(error, EngineError):
        return error
    if isinstance(error, APIError) and error.status_code is not None:
        return refusal(error.status_code, str(error.explanation or error), doing=doing)
    causes = list(_causes(error))
    for row in _WIRE:
        found = next((c for c in causes if isinstance(c, row.causes)), None)
        if found is not None and re.search(row.saying, str(found), re.IGNORECASE):
            text = _short(_TAIL.sub("", str(found)))
            sentence = row.sentence.format(endpoint=endpoint, deadline=f"{deadline:g}", text=text)
            return UnreachableError(f"could not {doing}: {sentence}")
    told = _short(str(error)) or type(error).__name__
    return UnreachableError(f"could not {doing}: the engine at {endpoint} is unreachable ({told})")


def refusal(status: int, text: str, *, doing: str) -> EngineError:
    """Return the engine error for an answer: its status (0 within a stream) and its words."""
    for row in _ANSWERS:
        found = re.search(row.pattern, text, re.IGNORECASE)
        if found and _concerns(row, status, doing):
            return _worded(row, found, text, doing)
    raise AssertionError("the last row matches everything")  # pragma: no cover


def _concerns(row: _Answer, status: int, doing: str) -> bool:
    return (not row.statuses or status in row.statuses) and doing.startswith(row.verb)


def _worded(row: _Answer, found: re.Match[str], text: str, doing: str) -> EngineError:
    what = found.groupdict().get("what") or ""
    sentence = " ".join(row.sentence.format(what=what, text=_short(text)).split())
    told = f"could not {doing}: {sentence}"
    if issubclass(row.error, PermanentError):
        return row.error(told, row.exit_code)
    return row.error(told)


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1] + "…"


def _causes(error: BaseException, depth: int = 0) -> Iterator[BaseException]:
    """Yield an exception and all that it wraps: requests and urllib3 nest in `args`."""
    yield error
    inner = (*error.args, getattr(error, "reason", None), error.__cause__, error.__context__)
    for cause in inner:
        if isinstance(cause, BaseException) and depth < 8:  # noqa: PLR2004  # deep, not for ever
            yield from _causes(cause, depth + 1)
