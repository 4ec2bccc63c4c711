"""Bytes → documents, every value with its place.

Decides which reader a file gets: the quick one where that understands it, else the one that
knows all of YAML and has words for what is wrong.
"""

from typing import Final

from reconciler.manifests import swift
from reconciler.manifests.decoding import decode
from reconciler.manifests.reporting import Report
from reconciler.manifests.tree import Document

MAX_DOCUMENTS: Final = 1000


def read(path: str, data: bytes, report: Report) -> list[Document]:
    """Return a file's documents as far as it can be read, empty ones left out."""
    text = decode(path, data, report)
    if text is None:
        return []
    found = swift.read(path, text)
    if found is None:
        from reconciler.manifests.parsing import parse  # noqa: PLC0415  # slow, rarely needed

        found = parse(path, text, report)
    if len(found) > MAX_DOCUMENTS:
        message = f"the file has more than {MAX_DOCUMENTS} documents"
        hint = "Split it into several files."
        report.about(found[MAX_DOCUMENTS].root, "too-many-documents", message, hint)
    return found[:MAX_DOCUMENTS]
