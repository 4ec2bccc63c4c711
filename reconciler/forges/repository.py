"""A source's URL → the forge's API and the repository's name there.

Decides by the forms that git knows: https, ssh and the short one of ssh. Asks nobody.
"""

import re
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from msgspec import Struct

from reconciler.forges.forge import ForgeError, Kind
from reconciler.model.plain import one_line

_SHORT: Final = re.compile(r"(?:[^@/:]+@)?([^@/:]+):(?!//)(.+)")
# Names that forges answer ssh under where a firewall takes only port 443.
_SSH_NAMES: Final = {"ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com"}
_API: Final = {
    Kind.GITHUB: "/api/v3",
    Kind.GITEA: "/api/v1",
    Kind.FORGEJO: "/api/v1",
    Kind.GITLAB: "/api/v4",
}


class Repository(Struct, frozen=True):
    """Where statuses go: the API's base address, and the repository's name with its owner."""

    api: str
    name: str


def repository_of(kind: Kind, url: str, *, api: str = "", name: str = "") -> Repository:
    """Return where statuses of a source's commits go; `api` and `name` come before its URL.

    Raises:
        ForgeError: when that cannot be told.
    """
    if not (api and name):
        base, path = _parted(url)
        found = path if kind is Kind.GITLAB else "/".join(path.split("/")[-2:])
        prefix = path.removesuffix(found).strip("/")
        api, name = api or _api_of(kind, f"{base}/{prefix}".rstrip("/")), name or found
    return Repository(_checked_api(kind, api), _checked_name(kind, name))


def _parted(url: str) -> tuple[str, str]:
    """Return the address of the host that a URL names, and the path there."""
    parts = _split(url)
    if parts is not None and parts.scheme in {"http", "https"} and parts.hostname:
        return f"{parts.scheme}://{_host(parts)}", _path(parts.path)
    if parts is not None and parts.scheme in {"ssh", "git+ssh"} and parts.hostname:
        return f"https://{_web_name(parts.hostname)}", _path(parts.path)
    short = _SHORT.fullmatch(url)
    if short is not None and "://" not in url:
        return f"https://{_web_name(short[1])}", _path(short[2])
    raise ForgeError(
        "which forge the source is on cannot be told from its URL, which is neither https nor "
        "ssh: give `api` and `repository` under `forge`"
    )


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # looked at only when asked for
    except ValueError:
        return None
    return parts


def _host(parts: SplitResult) -> str:
    name = parts.hostname or ""
    shown = f"[{name}]" if ":" in name else name
    return f"{shown}:{parts.port}" if parts.port else shown


def _web_name(host: str) -> str:
    name = host.lower()
    return _SSH_NAMES.get(name, f"[{name}]" if ":" in name else name)


def _path(path: str) -> str:
    return unquote(path).strip("/").removesuffix(".git").rstrip("/")


def _api_of(kind: Kind, base: str) -> str:
    if kind is Kind.GITHUB and urlsplit(base).hostname in {"github.com", "www.github.com"}:
        return "https://api.github.com"
    return base + _API[kind]


def _checked_api(kind: Kind, api: str) -> str:
    parts = _split(api)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ForgeError("`api` under `forge` is no address that begins with https:// or http://")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ForgeError("`api` under `forge` is more than an address: no user, no query")
    bare = not parts.path.strip("/") and parts.hostname != "api.github.com"
    return api.rstrip("/") + (_API[kind] if bare else "")


def _checked_name(kind: Kind, name: str) -> str:
    segments = name.split("/")
    enough = len(segments) > 1 if kind is Kind.GITLAB else len(segments) == 2  # noqa: PLR2004  # owner and name
    if enough and all(segments) and not {".", ".."} & set(segments):
        return name
    shown = one_line(name)
    raise ForgeError(f"{shown!r} is no repository of a forge: give OWNER/NAME as `repository`")
