"""Who delivers webhooks, by which headers each is known, and what proves that it is them.

Decides which forge a request claims to be from and whether the secret proves it. A forge is
known by the header that names its event; what it says of it is read in `pushes`.
"""

import base64
import binascii
import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import Final

from msgspec import Struct

from reconciler.server.messages import Request

# How far the sender's clock may be from ours where the time is signed, in seconds.
_CLOCK_SECONDS: Final = 300.0
_STANDARD_PREFIX: Final = b"whsec_"

Proof = Callable[[Request, bytes, float], bool]


def _signed(header: str, prefix: str = "", *, or_bare: bool = False) -> Proof:
    """Proof by the HMAC of the body, SHA-256, in hexadecimal."""

    def proves(request: Request, secret: bytes, now: float) -> bool:
        del now
        given = request.header(header)
        if prefix and not given.startswith(prefix) and not or_bare:
            return False
        expected = hmac.new(secret, request.body, sha256).hexdigest()
        return _same(given.removeprefix(prefix).lower(), expected.encode())

    return proves


def _token(header: str, prefix: str = "") -> Proof:
    """Proof by the secret itself."""

    def proves(request: Request, secret: bytes, now: float) -> bool:
        del now
        given = request.header(header)
        return given.startswith(prefix) and _same(given.removeprefix(prefix), secret)

    return proves


def _standard(request: Request, secret: bytes, now: float) -> bool:
    """Proof as Standard Webhooks has it: id, time and body, signed together, in base64."""
    named, at = request.header("webhook-id"), request.header("webhook-timestamp")
    if not (at.isascii() and at.isdigit()) or abs(now - int(at[:15])) > _CLOCK_SECONDS:
        return False
    content = f"{named}.{at}.".encode("latin-1") + request.body
    digest = hmac.new(_standard_key(secret), content, sha256).digest()
    expected = b"v1," + base64.b64encode(digest)
    given = request.header("webhook-signature").split(" ")
    return any(_same(one, expected) for one in given)


def _standard_key(secret: bytes) -> bytes:
    """Return the key that a secret of this kind stands for, itself where it is of another."""
    if not secret.startswith(_STANDARD_PREFIX):
        return secret
    try:
        return base64.b64decode(secret.removeprefix(_STANDARD_PREFIX), validate=True)
    except binascii.Error:
        return secret


def _same(given: str, expected: bytes) -> bool:
    return hmac.compare_digest(given.encode("latin-1", "replace"), expected)


class Sender(Struct, frozen=True):
    """One kind of sender: headers in lower case, the ones that name its event and its delivery.

    Any one of `proofs` is enough: none of them can be made without the secret.
    """

    name: str
    event: str
    delivery: tuple[str, ...]
    proofs: tuple[Proof, ...]

    def proven(self, request: Request, secret: bytes, now: float) -> bool:
        """Whether the secret proves a request, at `now` in epoch seconds."""
        return any(proof(request, secret, now) for proof in self.proofs)

    def delivery_of(self, request: Request) -> str:
        """Return the sender's own name for a delivery, empty where there is none."""
        return next((found for name in self.delivery if (found := request.header(name))), "")


_HUB: Final = _signed("x-hub-signature-256", "sha256=")
_GITEA: Final = _signed("x-gitea-signature")

# In this order: Forgejo speaks as Gitea too, and both speak as GitHub.
SENDERS: Final = (
    Sender(
        "forgejo",
        "x-forgejo-event",
        ("x-forgejo-delivery", "x-gitea-delivery"),
        (_signed("x-forgejo-signature"), _GITEA, _HUB),
    ),
    Sender("gitea", "x-gitea-event", ("x-gitea-delivery",), (_GITEA, _HUB)),
    Sender(
        "gitlab",
        "x-gitlab-event",
        ("webhook-id", "idempotency-key"),
        (_standard, _token("x-gitlab-token")),
    ),
    Sender(
        "bitbucket",
        "x-event-key",
        ("x-request-uuid", "x-request-id"),
        (_signed("x-hub-signature", "sha256="),),
    ),
    Sender("github", "x-github-event", ("x-github-delivery",), (_HUB,)),
)
GENERIC: Final = Sender(
    "generic",
    "",
    ("x-delivery-id",),
    (_signed("x-signature-256", "sha256=", or_bare=True), _token("authorization", "Bearer ")),
)


def sender_of(request: Request) -> Sender:
    """Return who a request says it is from."""
    return next((sender for sender in SENDERS if request.header(sender.event)), GENERIC)
