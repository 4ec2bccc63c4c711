"""Revisions of a git repository as sources: read from its objects, without a work tree.

The only home of git, which is loaded when a revision is first asked for.
"""

from reconciler.sources.git.errors import RevisionError
from reconciler.sources.git.revision import RevisionReading, read_revision

__all__ = ["RevisionError", "RevisionReading", "read_revision"]
