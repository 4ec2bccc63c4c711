"""Requests on their way to a forge, and answers back: HTTP from the standard library.

Decides how long a request may take, whom to trust, and that a token goes to no other host than
the one it is meant for. Must not know what is said.
"""

import re
import ssl
from collections.abc import Mapping
from http.client import HTTPException, HTTPResponse
from typing import Final
from urllib.error import URLError
from urllib.parse import urljoin, urlsplit
from urllib.request import (
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    UnknownHandler,
)
from urllib.request import Request as Posting

from reconciler.forges.answers import Answer
from reconciler.forges.dialects import Request
from reconciler.forges.forge import ForgeError
from reconciler.model.plain import cut, one_line

_MOST_BYTES: Final = 16 * 1024
_MOST_REDIRECTS: Final = 3
_REDIRECTS: Final = {307, 308}  # those that leave a POST a POST
_HEADER: Final = re.compile(r"[\x21-\x7e]+")


class WireError(Exception):
    """No answer came. The message says why, and holds nothing of what was sent."""


class Wire:
    """The way to one forge."""

    def __init__(self, *, ca: str = "", proxy: str = "") -> None:
        """Nothing is opened before something is posted.

        Raises:
            ForgeError: when the certificates cannot be read or the proxy is none.
        """
        if proxy and urlsplit(proxy).scheme not in {"http", "https"}:
            raise ForgeError("`proxy` under `forge` is no address that begins with http://")
        self._opener = OpenerDirector()
        for handler in (
            ProxyHandler({"http": proxy, "https": proxy} if proxy else None),
            UnknownHandler(),
            HTTPHandler(),
            HTTPSHandler(context=_trust(ca)),
            _AsItIs(),
        ):
            self._opener.add_handler(handler)

    def post(self, request: Request, secret: Mapping[str, str], within: float) -> Answer:
        """Post a request with a secret header, each wait of it bounded, and return the answer.

        Raises:
            WireError: when none comes.
        """
        answer = self._once(request.url, request, secret, within)
        for _ in range(_MOST_REDIRECTS):
            onward = urljoin(request.url, answer.headers.get("location", ""))
            if answer.status not in _REDIRECTS or not _same_origin(request.url, onward):
                break
            answer = self._once(onward, request, secret, within)
        return answer

    def _once(self, url: str, request: Request, secret: Mapping[str, str], within: float) -> Answer:
        # Only http and https have handlers here, and the address is the operator's.
        posting = Posting(  # noqa: S310  # see above
            url, request.body, dict(request.headers), method="POST"
        )
        for name, value in secret.items():
            posting.add_unredirected_header(name, value)
        try:
            response: HTTPResponse
            with self._opener.open(posting, timeout=within) as response:
                text = response.read(_MOST_BYTES).decode("utf-8", "replace")
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status, headers, text)
        except (OSError, HTTPException, ValueError) as error:
            # Not chained: what was sent is in the frames of some of them.
            raise WireError(_why(error)) from None


class _AsItIs(HTTPErrorProcessor):
    """Every answer is an answer: nothing is followed or raised behind our back."""

    def http_response(self, request: Posting, response: HTTPResponse) -> HTTPResponse:
        del request
        return response

    https_response = http_response


def sendable(token: str) -> bool:
    """Whether a token can stand in a header: HTTP's own complaint would quote it."""
    return _HEADER.fullmatch(token) is not None


def _trust(ca: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca:
        try:
            context.load_verify_locations(ca)
        except OSError as error:
            why = "it holds no certificates" if isinstance(error, ssl.SSLError) else error.strerror
            raise ForgeError(f"the certificates in {ca} cannot be used: {why}") from error
    return context


def _same_origin(one: str, other: str) -> bool:
    first, second = urlsplit(one), urlsplit(other)
    return (first.scheme, first.netloc) == (second.scheme, second.netloc)


def _why(error: Exception) -> str:
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, TimeoutError):
        return "it does not answer in time"
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {one_line(reason.verify_message)}"
    if isinstance(reason, OSError) and reason.strerror:
        return cut(one_line(reason.strerror), 200)
    if isinstance(reason, HTTPException):
        return "what it answers is no HTTP"
    return "it cannot be reached"
