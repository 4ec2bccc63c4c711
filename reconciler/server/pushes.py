"""What a delivery tells: which refs of which repository have moved.

Decides what of a body is read: names, to be compared with what the operator configured. No
address in it is ever used. A body that leaves something out may be about anything.
"""

import json
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs

from msgspec import Struct

from reconciler.server.messages import Request
from reconciler.server.senders import Sender

FORM: Final = "application/x-www-form-urlencoded"
_PUSHES: Final = {
    "push",  # GitHub, Gitea, Forgejo
    "Push Hook",
    "Tag Push Hook",
    "System Hook",
    "repo:push",
    "repo:refs_changed",
}
_PINGS: Final = {"ping", "diagnostics:ping"}


class Ping(Struct, frozen=True):
    """The forge tries whether anybody is there."""


class Other(Struct, frozen=True):
    """Something has happened that moves no ref."""

    event: str


class Push(Struct, frozen=True):
    """Refs have moved; what the body does not say is empty."""

    refs: tuple[str, ...] = ()
    repository: str = ""


class BodyError(Exception):
    """A body is not what its type says."""


def read_delivery(sender: Sender, request: Request) -> Ping | Other | Push:
    """Return what a proven request tells.

    Raises:
        BodyError: when its body cannot be read.
    """
    event = request.header(sender.event) if sender.event else "push"
    if event in _PINGS:
        return Ping()
    if event not in _PUSHES:
        return Other(event)
    said = _content(request)
    if event == "System Hook" and _text(said, "object_kind") not in {"push", "tag_push"}:
        return Other(_text(said, "object_kind") or event)
    return Push(_refs(said), _repository(said))


def _content(request: Request) -> object:
    body = request.body
    if request.header("content-type").partition(";")[0].strip().lower() == FORM:
        body = _of_form(body)
    if not body.strip():
        return {}
    try:
        return json.loads(body)
    # What is nested too deep for the reader, and what is no UTF-8, is no JSON of a forge.
    except (ValueError, RecursionError) as error:
        raise BodyError("the body is not JSON") from error


def _of_form(body: bytes) -> bytes:
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=16)
    except ValueError as error:
        raise BodyError("the body is no form") from error
    return fields.get("payload", [""])[0].encode("utf-8", "replace")


def _refs(said: object) -> tuple[str, ...]:
    ref = _text(said, "ref")
    if ref:
        return (ref,)
    cloud = _list(said, "push", "changes")
    found = [_of_cloud(change, side) for change in cloud for side in ("new", "old")]
    found += [_text(change, "ref", "id") for change in _list(said, "changes")]
    return tuple(dict.fromkeys(name for name in found if name))


def _of_cloud(change: object, side: str) -> str:
    """Return a ref of Bitbucket's cloud, which tells branches and tags by their kind."""
    name, kind = _text(change, side, "name"), _text(change, side, "type")
    folder = "tags" if kind == "tag" else "heads"
    return f"refs/{folder}/{name}" if name else ""


def _repository(said: object) -> str:
    """Return OWNER/NAME however the forge puts it."""
    project, slug = _text(said, "repository", "project", "key"), _text(said, "repository", "slug")
    return (
        _text(said, "repository", "full_name")
        or _text(said, "project", "path_with_namespace")
        or (f"{project}/{slug}" if project and slug else "")
        or _text(said, "repository")
    )


def _text(said: object, *names: str) -> str:
    found = _at(said, *names)
    return found if isinstance(found, str) else ""


def _list(said: object, *names: str) -> list[object]:
    found = _at(said, *names)
    return found if isinstance(found, list) else []


def _at(said: object, *names: str) -> object:
    for name in names:
        if not isinstance(said, Mapping):
            return None
        said = said.get(name)
    return said
