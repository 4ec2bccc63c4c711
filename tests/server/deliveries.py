"""Deliveries in the form that each forge documents, signed the way it signs."""

import base64
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256

SECRET = "It is a secret to everybody"
SIGNING_KEY = b"thirty-two bytes make a good key"
SIGNING_TOKEN = "whsec_" + base64.b64encode(SIGNING_KEY).decode()

COMMIT = "7638417db6d59f3c431d3e1f261cc637155684cd"
ZERO = "0" * 40


@dataclass(frozen=True)
class Delivery:
    """One request, and what of it is a forge's own name for it."""

    body: bytes
    headers: Mapping[str, str]
    secret: str = SECRET
    kind: str = "application/json"
    sign: Callable[[bytes, str], Mapping[str, str]] = field(default=lambda *_: {})

    def signed(self, secret: str | None = None) -> dict[str, str]:
        """Return all its headers; `secret` is another one than the right one."""
        own = self.sign(self.body, self.secret if secret is None else secret)
        return {"Content-Type": self.kind, **self.headers, **own}

    def with_body(self, content: object) -> "Delivery":
        """Return the same delivery of other content."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return replace(self, body=body)


def digest(body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), body, sha256).hexdigest()


def by_header(name: str, prefix: str = "") -> Callable[[bytes, str], Mapping[str, str]]:
    return lambda body, secret: {name: prefix + digest(body, secret)}


def standard(body: bytes, secret: str) -> Mapping[str, str]:
    """Sign as Standard Webhooks has it."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    at = str(int(time.time()))
    content = b".".join([b"f5e5f430-f57b-4e6e-9fac-d9128cd7232f", at.encode(), body])
    mark = base64.b64encode(hmac.new(key, content, sha256).digest()).decode()
    return {"webhook-timestamp": at, "webhook-signature": f"v1,bm90IHRoaXM= v1,{mark}"}


def github(ref: str = "refs/heads/main", repository: str = "lab/fleet") -> Delivery:
    body = {
        "ref": ref,
        "before": ZERO,
        "after": COMMIT,
        "created": False,
        "deleted": False,
        "forced": False,
        "base_ref": None,
        "compare": f"https://github.com/{repository}/compare/{ZERO}...{COMMIT}",
        "commits": [
            {
                "id": COMMIT,
                "message": "Raise the count",
                "timestamp": "2026-11-22T04:43:11Z",
                "url": f"https://github.com/{repository}/commit/{COMMIT}",
                "author": {"name": "Ada", "email": "ada@example.org", "username": "ada"},
                "added": [],
                "removed": [],
                "modified": ["fleet/web.yaml"],
            }
        ],
        "head_commit": {"id": COMMIT, "message": "Raise the count"},
        "repository": {
            "id": 35129377,
            "name": repository.partition("/")[2],
            "full_name": repository,
            "clone_url": f"https://github.com/{repository}.git",
            "default_branch": "main",
        },
        "pusher": {"name": "ada", "email": "ada@example.org"},
        "sender": {"login": "ada", "id": 6752317, "type": "User"},
    }
    headers = {
        "User-Agent": "GitHub-Hookshot/044aadd",
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        "X-GitHub-Hook-ID": "292430182",
        "X-Hub-Signature": "sha1=7d38cdd689735b008b3c702edd92eea23791c5f6",
    }
    return Delivery(
        json.dumps(body).encode(), headers, sign=by_header("X-Hub-Signature-256", "sha256=")
    )


def gitea() -> Delivery:
    body = {
        "ref": "refs/heads/main",
        "before": ZERO,
        "after": COMMIT,
        "compare_url": "https://gitea.example.org/lab/fleet/compare/a...b",
        "commits": [{"id": COMMIT, "message": "Raise the count\n", "added": [], "modified": []}],
        "repository": {
            "id": 140,
            "owner": {"id": 1, "login": "lab"},
            "name": "fleet",
            "full_name": "lab/fleet",
            "private": False,
            "clone_url": "https://gitea.example.org/lab/fleet.git",
        },
        "pusher": {"id": 1, "login": "ada"},
        "sender": {"id": 1, "login": "ada"},
    }
    headers = {
        "X-GitHub-Delivery": "f6266f16-1bf3-46a5-9ea4-602e06ead473",
        "X-GitHub-Event": "push",
        "X-Gogs-Delivery": "f6266f16-1bf3-46a5-9ea4-602e06ead473",
        "X-Gogs-Event": "push",
        "X-Gitea-Delivery": "f6266f16-1bf3-46a5-9ea4-602e06ead473",
        "X-Gitea-Event": "push",
    }
    return Delivery(json.dumps(body).encode(), headers, sign=by_header("X-Gitea-Signature"))


def forgejo() -> Delivery:
    as_gitea = gitea()
    mine = {
        "X-Forgejo-Delivery": "0b1f3a58-cd21-4d5c-8b5e-1c4f52d7a6f0",
        "X-Forgejo-Event": "push",
        "X-Forgejo-Event-Type": "push",
    }
    return replace(
        as_gitea, headers={**as_gitea.headers, **mine}, sign=by_header("X-Forgejo-Signature")
    )


def gitlab() -> Delivery:
    body = {
        "object_kind": "push",
        "event_name": "push",
        "before": ZERO,
        "after": COMMIT,
        "ref": "refs/heads/main",
        "ref_protected": True,
        "checkout_sha": COMMIT,
        "user_id": 4,
        "user_name": "Ada",
        "project_id": 15,
        "project": {
            "id": 15,
            "name": "Fleet",
            "web_url": "https://gitlab.example.org/lab/fleet",
            "namespace": "Lab",
            "path_with_namespace": "lab/fleet",
            "default_branch": "main",
        },
        "repository": {"name": "Fleet", "url": "git@gitlab.example.org:lab/fleet.git"},
        "commits": [{"id": COMMIT, "message": "Raise the count", "modified": ["fleet/web.yaml"]}],
        "total_commits_count": 1,
    }
    headers = {
        "User-Agent": "GitLab/18.5.0",
        "Idempotency-Key": "f5e5f430-f57b-4e6e-9fac-d9128cd7232f",
        "X-Gitlab-Event": "Push Hook",
        "X-Gitlab-Webhook-UUID": "6a5a35bd-2d0b-4a0a-9d0b-9d4a1c7b6e10",
        "X-Gitlab-Instance": "https://gitlab.example.org",
        "X-Gitlab-Event-UUID": "13792a34-cac6-4fda-95a8-c58e00a3954e",
    }
    return Delivery(
        json.dumps(body).encode(), headers, sign=lambda _, secret: {"X-Gitlab-Token": secret}
    )


def gitlab_signed() -> Delivery:
    by_token = gitlab()
    named = {"webhook-id": "f5e5f430-f57b-4e6e-9fac-d9128cd7232f"}
    return replace(
        by_token, headers={**by_token.headers, **named}, secret=SIGNING_TOKEN, sign=standard
    )


def bitbucket() -> Delivery:
    branch = {"type": "branch", "name": "main", "target": {"type": "commit", "hash": COMMIT}}
    body = {
        "actor": {"type": "user", "nickname": "ada"},
        "repository": {
            "type": "repository",
            "full_name": "lab/fleet",
            "name": "fleet",
            "uuid": "{673a6070-3421-46c9-9d48-90745f7bfe8e}",
        },
        "push": {
            "changes": [
                {"new": branch, "old": branch, "created": False, "closed": False, "forced": False}
            ]
        },
    }
    headers = {
        "User-Agent": "Bitbucket-Webhooks/2.0",
        "X-Event-Key": "repo:push",
        "X-Hook-UUID": "f1d1dbd2-6d46-4a3e-9b0e-1dc0cbd0a0d5",
        "X-Request-UUID": "a4b6ad1a-7c27-4d57-bb2f-4b6a3d0c7f3a",
        "X-Attempt-Number": "1",
    }
    return Delivery(
        json.dumps(body).encode(), headers, sign=by_header("X-Hub-Signature", "sha256=")
    )


def bitbucket_data_center() -> Delivery:
    ref = {"id": "refs/heads/main", "displayId": "main", "type": "BRANCH"}
    body = {
        "eventKey": "repo:refs_changed",
        "date": "2026-11-22T04:43:11+0000",
        "actor": {"name": "ada", "id": 1, "type": "NORMAL"},
        "repository": {
            "slug": "fleet",
            "id": 84,
            "name": "fleet",
            "scmId": "git",
            "project": {"key": "lab", "id": 84, "name": "Lab", "type": "NORMAL"},
        },
        "changes": [
            {"ref": ref, "refId": ref["id"], "fromHash": ZERO, "toHash": COMMIT, "type": "UPDATE"}
        ],
    }
    headers = {
        "X-Event-Key": "repo:refs_changed",
        "X-Request-Id": "0bce1a2f-6e1c-4f0a-8f0f-0e1a7d9a7a33",
    }
    return Delivery(
        json.dumps(body).encode(), headers, sign=by_header("X-Hub-Signature", "sha256=")
    )


def generic(**content: str) -> Delivery:
    body = content or {"ref": "refs/heads/main", "repository": "lab/fleet"}
    return Delivery(json.dumps(body).encode(), {}, sign=by_header("X-Signature-256", "sha256="))


def bearer() -> Delivery:
    signed = generic()
    return replace(signed, sign=lambda _, secret: {"Authorization": f"Bearer {secret}"})


FORGES = {
    "github": github,
    "gitea": gitea,
    "forgejo": forgejo,
    "gitlab": gitlab,
    "gitlab-signed": gitlab_signed,
    "bitbucket": bitbucket,
    "bitbucket-data-center": bitbucket_data_center,
    "generic": generic,
    "bearer": bearer,
}
