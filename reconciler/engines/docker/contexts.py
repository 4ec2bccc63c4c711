"""The contexts of Docker's command line, by their name: files of the operator.

Each is a folder that is named by the digest of its name: one for what it says, one for its keys.
"""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec import Struct

from reconciler.engines.engine import UnreachableError
from reconciler.model.desired import Tls


class Context(Struct, frozen=True):
    """What a context says of its engine. `unverified`: it does not mind who answers."""

    host: str
    tls: Tls
    unverified: bool = False


def context(name: str) -> Context:
    """Return a context.

    Raises:
        UnreachableError: there is none of that name, or it cannot be read.
    """
    root = _root() / "contexts"
    digest = hashlib.sha256(name.encode()).hexdigest()
    path = root / "meta" / digest / "meta.json"
    try:
        said = json.loads(path.read_bytes())
    except FileNotFoundError:
        known = ", ".join(_names(root)) or "none"
        raise UnreachableError(
            f"there is no Docker context {name} in {root}; those that are: {known}"
        ) from None
    except (OSError, ValueError) as error:
        raise UnreachableError(f"the Docker context {name} cannot be read: {error}") from error
    endpoint = _mapping(_mapping(said, "Endpoints"), "docker")
    folder = root / "tls" / digest / "docker"
    files = {part: str(folder / f"{part}.pem") for part in ("ca", "cert", "key")}
    tls = Tls(**{part: file for part, file in files.items() if Path(file).exists()})
    return Context(str(endpoint.get("Host") or ""), tls, bool(endpoint.get("SkipTLSVerify")))


def _root() -> Path:
    return Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")


def _names(root: Path) -> list[str]:
    found = []
    for path in (root / "meta").glob("*/meta.json"):
        with suppress(OSError, ValueError):
            found.append(str(_mapping({"": json.loads(path.read_bytes())}, "").get("Name", "")))
    return sorted(filter(None, found))


def _mapping(said: Any, name: str) -> dict[str, Any]:  # noqa: ANN401  # JSON
    found = said.get(name) if isinstance(said, dict) else None
    return found if isinstance(found, dict) else {}
