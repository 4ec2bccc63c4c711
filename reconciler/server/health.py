"""Health and readiness, of all projects of the process.

Decides what they mean. Healthy: every loop has turned lately, so a process that is not should be
started again. Ready: each ledger takes what is to be recorded, each source has been read, each
node has had its say once.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from reconciler.server.messages import Response, answer
from reconciler.server.vigil import Vigil


def health(vigils: Sequence[Vigil], stale: float) -> Response:
    """Say whether every loop has turned within the last `stale` seconds."""
    ages = {vigil.project: round(vigil.age(), 3) for vigil in vigils}
    healthy = all(age < stale for age in ages.values())
    status = HTTPStatus.OK if healthy else HTTPStatus.SERVICE_UNAVAILABLE
    return answer(status, {"healthy": healthy, "secondsSinceLastTurn": ages})


def readiness(vigils: Sequence[Vigil], expected: Mapping[str, str]) -> Response:
    """Say whether every project is ready, and else what is missing.

    `expected` are those that have not begun, with what their source lacks.
    """
    missing = [
        {"project": vigil.project, **what} for vigil in vigils for what in vigil.sight.missing()
    ]
    missing += [
        {"project": name, "what": "source", "reason": why} for name, why in dict(expected).items()
    ]
    status = HTTPStatus.SERVICE_UNAVAILABLE if missing else HTTPStatus.OK
    return answer(status, {"ready": not missing, "missing": missing})
