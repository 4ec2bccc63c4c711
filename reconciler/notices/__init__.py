"""Notices to people, wherever they read: what has begun to fail, and what has recovered.

The only home of apprise, which is loaded when something is first sent.
"""

from reconciler.notices.happening import Failure, Kind, Recovery
from reconciler.notices.notices import Notices, NoticesError, Target

__all__ = ["Failure", "Kind", "Notices", "NoticesError", "Recovery", "Target"]
