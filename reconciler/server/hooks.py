"""Webhooks: `/hooks` for all sources, `/hooks/NAME` for one.

Decides what becomes of a delivery: refused, ignored, or taken for a hint that a source may have
news. It is answered at once; the look itself comes later, in `nudging`. A body is believed only
once the secret has proven it, and even then it is only a hint.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Final

from reconciler.secrets import Secret, SecretError
from reconciler.server.hinted import Hinted
from reconciler.server.messages import Request, Response, answer, refusal
from reconciler.server.pushes import FORM, BodyError, Other, Ping, Push, read_delivery
from reconciler.server.rate import Allowance, Rate
from reconciler.server.repeats import Repeats
from reconciler.server.senders import Sender, sender_of

PATH: Final = "/hooks"
_JSON: Final = "application/json"
# How often at most the same complaint is told, in seconds.
_SILENCE_SECONDS: Final = 60.0
# As much of foreign text as an answer repeats, in characters.
_REPEATED: Final = 200
# In a word each, for metrics: what a request was refused for.
_REFUSED: Final = {
    HTTPStatus.BAD_REQUEST: "malformed",
    HTTPStatus.NOT_FOUND: "no-such-path",
    HTTPStatus.METHOD_NOT_ALLOWED: "no-post",
    HTTPStatus.REQUEST_TIMEOUT: "too-slow",
    HTTPStatus.LENGTH_REQUIRED: "no-length",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too-large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "no-json",
    HTTPStatus.TOO_MANY_REQUESTS: "too-often",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "too-large",
    HTTPStatus.SERVICE_UNAVAILABLE: "too-many",
}

Count = Callable[[str, str], None]
Tell = Callable[[str, str], None]


class Hooks:
    """Answers webhooks. `count` hears of each by forge and outcome, `tell` of what goes wrong."""

    def __init__(
        self,
        sources: Sequence[Hinted],
        secret: Secret,
        rate: Rate,
        ask: Callable[[str], None],
        *,
        count: Count,
        tell: Tell,
    ) -> None:
        """Answer for `sources`; `ask` has one of them nudged, by its name."""
        self._sources = sources
        self._secret = secret
        self._allowance = Allowance(rate)
        self._repeats = Repeats()
        self._ask = ask
        self._count = count
        self._complaints = _Complaints(tell)

    def admit(self, head: Request) -> Response | None:
        """Refuse what cannot be a webhook, before its body is read."""
        refused = self._unfit(head)
        if refused is not None:
            self._count(sender_of(head).name, _REFUSED[refused.status])
        return refused

    def refused(self, status: HTTPStatus) -> None:
        """Count a client that was turned away."""
        self._count("unknown", _REFUSED[status])

    def answer(self, request: Request) -> Response:
        """Answer one delivery."""
        sender = sender_of(request)
        try:
            outcome, response = self._judged(sender, request)
        except SecretError as error:
            self._complaints.add(f"no webhook can be accepted: {error}")
            status = HTTPStatus.SERVICE_UNAVAILABLE
            outcome, response = "no-secret", refusal(status, "no webhook can be accepted now")
        self._count(sender.name, outcome)
        return response

    # --- inside ----------------------------------------------------------------------------

    def _unfit(self, head: Request) -> Response | None:
        if not self._allowance.take(head.peer, time.monotonic()):
            why = "too many requests"
            return refusal(HTTPStatus.TOO_MANY_REQUESTS, why, retry_after="10")
        if head.path != PATH and not head.path.startswith(f"{PATH}/"):
            return refusal(HTTPStatus.NOT_FOUND, f"there is only {PATH} and {PATH}/SOURCE")
        if head.method != "POST":
            return refusal(HTTPStatus.METHOD_NOT_ALLOWED, "webhooks are posted", allow="POST")
        kind = head.header("content-type").partition(";")[0].strip().lower()
        if head.length and kind not in {_JSON, FORM}:
            why = f"expected {_JSON}, or a form whose field payload holds it"
            return refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, why)
        return None

    def _judged(self, sender: Sender, request: Request) -> tuple[str, Response]:
        """Return what becomes of a delivery, in a word and as an answer."""
        if not sender.proven(request, self._secret.word().encode(), time.time()):
            self._complaints.add("webhooks with a wrong or missing signature were refused")
            return "unauthorized", refusal(HTTPStatus.UNAUTHORIZED, "unauthorized")
        name = request.path.removeprefix(PATH).removeprefix("/")
        sources = [source for source in self._sources if name in {"", source.name}]
        if not sources:
            return "unknown-source", refusal(HTTPStatus.NOT_FOUND, "there is no such source")
        try:
            said = read_delivery(sender, request)
        except BodyError as error:
            return "malformed", refusal(HTTPStatus.BAD_REQUEST, str(error))
        match said:
            case Ping():
                return "ping", answer(HTTPStatus.OK, {"outcome": "ping"})
            case Other():
                why = f"the event {said.event[:_REPEATED]} moves no ref"
                return _accepted("ignored", reason=why)
            case Push():
                return self._pushed(sender, request, said, sources)

    def _pushed(
        self, sender: Sender, request: Request, push: Push, sources: Sequence[Hinted]
    ) -> tuple[str, Response]:
        delivery, now = sender.delivery_of(request), time.monotonic()
        if not self._repeats.is_new(request.path, delivery, request.body, now):
            return _accepted("duplicate", reason="this delivery has come before")
        meant = [source.name for source in sources if _concerned(source, push)]
        if not meant:
            refs = ", ".join(push.refs)[:_REPEATED] or "the push"
            return _accepted("ignored", reason=f"no source follows {refs} of this repository")
        for name in meant:
            self._ask(name)
        return _accepted("queued", sources=meant)


class _Complaints:
    """Tells the same complaint once a minute, with how often there was cause for it."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._told: dict[str, tuple[float, int]] = {}

    def add(self, complaint: str) -> None:
        now = time.monotonic()
        when, unsaid = self._told.get(complaint, (-_SILENCE_SECONDS, 0))
        if now - when < _SILENCE_SECONDS:
            self._told[complaint] = when, unsaid + 1
            return
        more = f" ({unsaid} more since this was last told)" if unsaid else ""
        self._told = {complaint: (now, 0)} | {
            c: told for c, told in self._told.items() if c != complaint
        }
        self._tell("warning", complaint + more)


def _concerned(source: Hinted, push: Push) -> bool:
    return any(source.concerns(ref, push.repository) for ref in push.refs or ("",))


def _accepted(outcome: str, **more: object) -> tuple[str, Response]:
    named = {"id": secrets.token_hex(8), "outcome": outcome, **more}
    return outcome, answer(HTTPStatus.ACCEPTED, named)
