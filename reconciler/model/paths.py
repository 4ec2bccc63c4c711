"""Paths as text, where no file system can be asked."""

import posixpath


def normal(path: str) -> str:
    """Return an absolute path without `.`, `..` and doubled slashes, any other as it is."""
    return "/" + posixpath.normpath(path).lstrip("/") if path.startswith("/") else path


def is_within(path: str, folder: str) -> bool:
    """Return whether a normalised path is a folder or lies below it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")
