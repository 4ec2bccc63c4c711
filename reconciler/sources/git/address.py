"""Where a remote is: which addresses are taken, and what of one may be shown.

Decides by the text alone. Whether anything answers there is not known here.
"""

import re
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from reconciler.sources.git.errors import RemoteError

_SCHEMES: Final = ("file", "git", "http", "https", "ssh")
_SCP: Final = re.compile(r"^(?:(?P<user>[^/:@]+)@)?(?P<host>[^/:@]+|\[[^/@]+\]):(?P<path>.+)$")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x20\x7f]")
_LAST_PART: Final = re.compile(r"[/:]([^/:]+?)(?:\.git)?/*$")


class Address(Struct, frozen=True):
    """An address, taken apart. Of a path on this machine, `host` is empty."""

    url: str
    scheme: str
    host: str
    user: str = ""

    @property
    def label(self) -> str:
        """What the repository is called."""
        found = _LAST_PART.search("/" + self.url)
        return found[1] if found else self.url

    @property
    def site(self) -> str:
        """The scheme and host that a credential is for."""
        return f"{self.scheme}://{self.host}"


def is_address(text: str) -> bool:
    """Return whether a text is meant as a remote's address rather than as a folder."""
    scheme, separator, _ = text.partition("://")
    if separator:
        return scheme in _SCHEMES
    return "@" in text and _SCP.match(text) is not None


def address(url: str) -> Address:
    """Take an address apart.

    Raises:
        RemoteError: when it is none that is taken.
    """
    if not url or url.startswith("-") or _UNPRINTABLE.search(url):
        raise RemoteError(f"{_without_password(url)!r} cannot be a repository's address")
    if url.startswith("/"):
        return Address(url, "file", "")
    scheme, separator, _ = url.partition("://")
    if not separator:
        return _scp(url)
    if "::" in scheme or scheme not in _SCHEMES:
        taken = ", ".join(f"{name}://" for name in _SCHEMES)
        raise RemoteError(f"{_without_password(url)} is no address that is taken: give {taken}")
    return _parted(url, scheme)


def _scp(url: str) -> Address:
    found = _SCP.match(url)
    if found is None or "::" in url or found["host"].startswith("-"):
        raise RemoteError(
            f"{url!r} is no repository's address: give https://…, ssh://…, file://… or a path "
            "from the root"
        )
    user = found["user"] or ""
    if user.startswith("-"):
        raise RemoteError(f"{url!r} cannot be a repository's address: a user begins with no -")
    return Address(url, "ssh", found["host"].lower(), user)


def _parted(url: str, scheme: str) -> Address:
    try:
        parts = urlsplit(url)
        host, user, password = parts.netloc.rpartition("@")[2], parts.username, parts.password
        _ = parts.port
    except ValueError:
        raise RemoteError(f"{_without_password(url)!r} cannot be a repository's address") from None
    if password is not None:
        raise RemoteError(
            f"{_without_password(url)} holds a password, which every list of processes would "
            "show: give it as a credential, from a file or a variable"
        )
    if (user or "").startswith("-") or host.startswith("-"):
        raise RemoteError(f"{url!r} cannot be a repository's address: no host begins with -")
    if scheme != "file" and not host:
        raise RemoteError(f"{url} names no host")
    return Address(url, scheme, host.lower(), user or "")


def _without_password(url: str) -> str:
    return re.sub(r"(://[^/@:]*):[^/@]*@", r"\1:***@", url)
