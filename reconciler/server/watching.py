"""What the metrics address answers: `/healthz`, `/readyz`, `/metrics`.

Decides which path says what. Needs no secret, for it changes nothing; who may reach it is decided
by the address.
"""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus

from reconciler.server.health import health, readiness
from reconciler.server.messages import Request, Response, refusal
from reconciler.server.metrics import CONTENT_TYPE, Metrics
from reconciler.server.vigil import Vigil


class Watching:
    """Answers whoever watches the process."""

    def __init__(
        self, vigils: Sequence[Vigil], expected: Mapping[str, str], metrics: Metrics, stale: float
    ) -> None:
        """Answer from what `vigils` see; a loop is `stale` after so many seconds.

        `expected` are the projects that have no loop yet, with why.
        """
        self._pages: dict[str, Callable[[], Response]] = {
            "/healthz": lambda: health(vigils, stale),
            "/readyz": lambda: readiness(vigils, expected),
            "/metrics": lambda: Response(HTTPStatus.OK, metrics.text(), CONTENT_TYPE),
        }

    def admit(self, head: Request) -> Response | None:
        """Refuse what is no question."""
        if head.path not in self._pages:
            there = ", ".join(self._pages)
            return refusal(HTTPStatus.NOT_FOUND, f"there is only {there}")
        if head.method not in {"GET", "HEAD"}:
            status = HTTPStatus.METHOD_NOT_ALLOWED
            return refusal(status, "this can only be read", allow="GET, HEAD")
        return None

    def answer(self, request: Request) -> Response:
        """Answer a question."""
        return self._pages[request.path]()

    def refused(self, status: HTTPStatus) -> None:
        """Clients that are turned away here are nobody's concern."""
