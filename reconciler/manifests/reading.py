"""Bytes → documents, every value with its place.

Decides which reader a file gets: the quick one where that understands it, else the one that
knows all of YAML and has words for what is wrong.
"""

from reconciler.manifests import swift
from reconciler.manifests.decoding import decode
from reconciler.manifests.reporting import Report
from reconciler.manifests.tree import Document


def read(path: str, data: bytes, report: Report) -> list[Document]:
    """Return a file's documents as far as it can be read, empty ones left out."""
    text = decode(path, data, report)
    if text is None:
        return []
    plain = swift.read(path, text)
    if plain is not None:
        return plain
    from reconciler.manifests.parsing import parse  # noqa: PLC0415  # slow to load, rarely needed

    return parse(path, text, report)
