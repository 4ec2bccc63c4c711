"""What the operator decides about sources and about who is told: plain data, secrets by place.

Must not know how any of it is used, nor hold a secret itself.
"""

from collections.abc import Mapping

from msgspec import Struct, field

from reconciler.model.desired import Tls


class SecretPlace(Struct, frozen=True):
    """Where a secret is: in a file or in a variable of the environment, one of the two."""

    file: str = ""
    env: str = ""


class Credential(Struct, frozen=True, kw_only=True):
    """What a remote or a service is asked with, and over which way.

    `access_key`, `secret_key` and `session_token` are for S3, as is `role`: what the reconciler's
    own environment and machine say of who it is.
    """

    token: SecretPlace | None = None
    user: str = ""
    password: SecretPlace | None = None
    key: SecretPlace | None = None
    agent: bool = False
    access_key: SecretPlace | None = None
    secret_key: SecretPlace | None = None
    session_token: SecretPlace | None = None
    role: bool = False
    known_hosts: str = ""
    ca: str = ""
    proxy: str = ""


class Forge(Struct, frozen=True, kw_only=True):
    """Where commit statuses go; no `api` and `repository` means by the source's address."""

    kind: str
    token: SecretPlace
    api: str = ""
    repository: str = ""
    link: str = ""
    ca: str = ""
    proxy: str = ""


class SourceSpec(Struct, frozen=True, kw_only=True):
    """A git source. At most one of branch, tag and commit; `interval` in seconds.

    `openpgp` and `ssh` are files of those whose signatures count, `on_rewrite` is empty where
    nothing is said.
    """

    name: str
    url: str
    branch: str = ""
    tag: str = ""
    commit: str = ""
    path: str = ""
    interval: float = 30.0
    credential: Credential | None = None
    openpgp: str = ""
    ssh: str = ""
    on_rewrite: str = ""
    submodules: bool = False
    forge: Forge | None = None


class Hooks(Struct, frozen=True, kw_only=True):
    """Where webhooks are listened for, and what they are signed with."""

    address: str
    secret: SecretPlace


class Target(Struct, frozen=True, kw_only=True):
    """Somebody who is told of failures, recoveries or both."""

    url: SecretPlace
    on: tuple[str, ...] = ("failure", "recovery")


class Way(Struct, frozen=True, kw_only=True):
    """How the hosts of a list are reached.

    In `endpoint`, {host} stands for the host. Empty is ssh://HOST, and this machine's own engine
    for this machine.
    """

    endpoint: str = ""
    tls: Tls = Tls()


class Service(Struct, frozen=True, kw_only=True):
    """All that `run` serves besides the folder that it is given, and credentials by their names."""

    credentials: Mapping[str, Credential] = field(default_factory=dict)
    sources: tuple[SourceSpec, ...] = ()
    hooks: Hooks | None = None
    metrics: str = ""
    targets: tuple[Target, ...] = ()
