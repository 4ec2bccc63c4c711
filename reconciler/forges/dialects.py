"""What is said of a commit → the request that each forge's API asks for.

Decides address, headers, words and lengths; pure. Must not know how a request is sent, nor
whether it is worth sending.
"""

import json
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from msgspec import Struct

from reconciler.forges.forge import Kind, Said, State
from reconciler.forges.repository import Repository
from reconciler.model.plain import cut, one_line

# GitHub and GitLab refuse longer ones; Gitea and Forgejo take any, and show the beginning.
_LONGEST: Final = {Kind.GITHUB: 140, Kind.GITEA: 255, Kind.FORGEJO: 255, Kind.GITLAB: 255}


class Request(Struct, frozen=True):
    """A request to be posted. What it holds is no secret: the token is added on its way."""

    url: str
    body: bytes
    headers: Mapping[str, str]


def request(
    kind: Kind, repository: Repository, context: str, commit: str, said: Said, link: str = ""
) -> Request:
    """Return the request that sets a commit's status."""
    if kind is Kind.GITLAB:
        path = f"/projects/{quote(repository.name, safe='')}/statuses/{quote(commit, safe='')}"
    else:
        path = f"/repos/{quote(repository.name)}/statuses/{quote(commit, safe='')}"
    body = {
        "state": _word(kind, said.state),
        "name" if kind is Kind.GITLAB else "context": context,
        "description": cut(one_line(said.description), _LONGEST[kind]),
    }
    if link:
        body["target_url"] = link
    data = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    return Request(repository.api + path, data, _headers(kind))


def authorization(kind: Kind, token: str) -> dict[str, str]:
    """Return the header that carries the token."""
    if kind is Kind.GITLAB:
        return {"PRIVATE-TOKEN": token}
    scheme = "Bearer" if kind is Kind.GITHUB else "token"
    return {"Authorization": f"{scheme} {token}"}


def _word(kind: Kind, state: State) -> str:
    if kind is Kind.GITLAB and state is State.FAILURE:
        return "failed"
    return state.value


def _headers(kind: Kind) -> dict[str, str]:
    # GitHub answers only those who say who they are.
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "reconciler"}
    if kind is Kind.GITHUB:
        accepted = "application/vnd.github+json"
        return headers | {"Accept": accepted, "X-GitHub-Api-Version": "2022-11-28"}
    return headers | {"Accept": "application/json"}
