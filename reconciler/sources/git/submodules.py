"""Submodules that are read with a source: which, and where they are fetched from.

Decides what is not read: whatever is on another host, for a committer may not send us, and our
credentials, anywhere; on this machine, whatever does not lie beside the repository. One level
deep.
"""

import posixpath
from typing import Final

from msgspec import Struct

from reconciler.sources.git.address import Address, address
from reconciler.sources.git.errors import RemoteError
from reconciler.sources.git.mirror import Changing
from reconciler.sources.git.repository import Repository
from reconciler.sources.git.tree import SUBMODULE, parse

_MOST: Final = 100


class Submodule(Struct, frozen=True):
    """A submodule: its path in the repository, its commit, and its own repository's address."""

    path: str
    commit: str
    url: str


def submodules(
    repository: Repository, commit: str, folder: str, remote: Address
) -> tuple[list[Submodule], list[str]]:
    """Return the submodules below a folder that may be read, and why others are not.

    Raises:
        RevisionError: when the commit cannot be read.
    """
    entries = parse(repository.ask("ls-tree", "-r", "-z", "--full-tree", commit))
    urls, found, notes = _urls(repository, commit), list[Submodule](), list[str]()
    for path, entry in entries.items():
        if entry.mode != SUBMODULE or not (not folder or path.startswith(f"{folder}/")):
            continue
        try:
            url = _allowed(urls.get(path, ""), remote)
        except RemoteError as why:
            notes.append(f"{path} is a submodule and is not read: {why}")
            continue
        found.append(Submodule(path, entry.name, url))
    if len(found) > _MOST:
        notes.append(f"there are more than {_MOST} submodules; the first of them are read")
    return found[:_MOST], notes


def fetch_submodules(changing: Changing, commit: str) -> None:
    """Bring a commit's submodules into the mirror, beside it.

    Raises:
        RemoteError: when one cannot be fetched: then the commit cannot be read as a whole.
        RevisionError: when the commit cannot be read.
    """
    mirror = changing.mirror
    settings, repository = mirror.settings, mirror.repository
    found, _ = submodules(repository, commit, settings.folder, settings.address)
    for one in found:
        if repository.try_to("cat-file", "-e", f"{one.commit}^{{commit}}")[0]:
            changing.also(one.url, one.commit)


def _urls(repository: Repository, commit: str) -> dict[str, str]:
    """Return what .gitmodules says of paths."""
    status, out, _ = repository.try_to("config", "--blob", f"{commit}:.gitmodules", "--list", "-z")
    paths, urls = dict[str, str](), dict[str, str]()
    for line in out.decode("utf-8", "surrogateescape").split("\0") if status == 0 else []:
        name, _, value = line.partition("\n")
        section, _, key = name.rpartition(".")
        if key in {"path", "url"}:
            (paths if key == "path" else urls)[section] = value
    return {path: urls[section] for section, path in paths.items() if section in urls}


def _allowed(url: str, remote: Address) -> str:
    if not url:
        raise RemoteError(".gitmodules names no address for it")
    if url.startswith(("./", "../")):
        url = _joined(remote.url, url)
    there = address(url)
    if there.site != remote.site:
        raise RemoteError("it is on another host, or reached by another way")
    if there.scheme == "file" and not _is_beside(there.url, remote.url):
        raise RemoteError("it does not lie beside the repository")
    return url


def _joined(base: str, relative: str) -> str:
    """Return a relative address in full, as git does: from the repository as from a folder."""
    scheme, separator, rest = base.rpartition("://")
    start = rest.rstrip("/")
    for part in relative.split("/"):
        if part == "..":
            start = start.rpartition("/")[0] or start.rpartition(":")[0]
        elif part not in {"", "."}:
            start = f"{start}/{part}"
    return f"{scheme}{separator}{start}"


def _is_beside(url: str, remote: str) -> bool:
    here = posixpath.dirname(posixpath.normpath(remote.removeprefix("file://")))
    return posixpath.normpath(url.removeprefix("file://")).startswith(f"{here.rstrip('/')}/")
