"""What an image reference means: pinned to a digest where the engine knows one.

Pure. It must not know any registry.
"""

from collections.abc import Mapping
from typing import Any


def split(reference: str) -> tuple[str, str, str]:
    """Return (repository, tag, digest) of a reference; what it lacks is empty."""
    named, _, digest = reference.partition("@")
    repository, colon, tag = named.rpartition(":")
    if not colon or "/" in tag:  # the colon was that of a registry's port
        return named, "", digest
    return repository, tag, digest


def pinned(reference: str, found: Mapping[str, Any]) -> str:
    """Return what to create from, for a reference and what inspecting its image said.

    REPOSITORY:TAG@DIGEST is one that the engine accepts and looks up by its digest alone. An
    image that never saw a registry has no digest: then its id.
    """
    repository, tag, digest = split(reference)
    if digest and repository:
        return reference
    known = sorted(split(entry)[::2] for entry in found.get("RepoDigests") or ())
    for same in (_equal, _shortened):
        for candidate, known_digest in known:
            if same(repository, candidate):
                return f"{candidate}:{tag or 'latest'}@{known_digest}"
    return str(found["Id"])


def _equal(repository: str, candidate: str) -> bool:
    return repository == candidate


def _shortened(repository: str, candidate: str) -> bool:
    """Whether the engine may have dropped its default registry from what a user spelled out."""
    return repository.endswith(f"/{candidate}")
