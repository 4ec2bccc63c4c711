"""One Docker Engine as a node. The only room that imports `docker`.

That import takes longer than everything else at start-up, so it waits for the first engine
that is opened: verbs that need none stay quick.
"""

from reconciler.engines.docker.endpoints import local
from reconciler.engines.engine import Engine
from reconciler.model.desired import Tls


def open_engine(node: str, endpoint: str, tls: Tls | None = None, ssh_config: str = "") -> Engine:
    """Return the engine at an endpoint, the local one at an empty one. Nothing is asked of it yet.

    `ssh_config` is a file for ssh, instead of the user's own.
    """
    from reconciler.engines.docker.engine import DockerEngine  # noqa: PLC0415  # see above

    return DockerEngine(node, endpoint or local(), tls, ssh_config)
