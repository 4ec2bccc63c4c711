"""One Docker Engine as a node. The only room that imports `docker`.

That import takes longer than everything else at start-up, so it waits for the first engine
that is opened: verbs that need none stay quick.
"""

import os
from typing import Final

from reconciler.engines.engine import Engine

_LOCAL: Final = "unix:///var/run/docker.sock"


def open_engine(node: str, endpoint: str) -> Engine:
    """Return the engine at an endpoint. Nothing is asked of it yet.

    An empty endpoint is the local engine: DOCKER_HOST where that is a unix socket, else the
    usual one. The command line's contexts are never consulted: they differ between users.
    """
    from reconciler.engines.docker.engine import DockerEngine  # noqa: PLC0415  # see above

    return DockerEngine(node, endpoint or _local())


def _local() -> str:
    named = os.environ.get("DOCKER_HOST", "")
    return named if named.startswith("unix://") else _LOCAL
