"""Where manifests come from: bytes by path, and a call when they may have changed.

The only home of watchdog, which is loaded when something is first watched.
"""

from reconciler.sources.folder import FolderSource
from reconciler.sources.source import Snapshot, Source, Watch

__all__ = ["FolderSource", "Snapshot", "Source", "Watch"]
