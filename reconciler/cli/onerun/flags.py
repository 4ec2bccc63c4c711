"""From the flags of `up` to the manifest that they stand for. Pure but for the current folder."""

import re
import secrets
import shlex
from pathlib import Path
from typing import Any, Final

import click
from msgspec import Struct

from reconciler import manifests
from reconciler.model.identity import NAME_PATTERN
from reconciler.sources.source import project_name

_NAME: Final = re.compile(NAME_PATTERN)
_PREFIX: Final = "up-"
_LONGEST: Final = 40 - len(_PREFIX)
_MOUNT: Final = re.compile(r"(?P<source>[^:]+):(?P<target>/[^:]*)(?::(?P<mode>ro|rw))?")
PLAIN: Final = "docker-batch"
CLUSTER: Final = "docker-cluster-network-ssh"
AS_ME: Final = "docker-host-user"
_FOLDER: Final = "/docker_pwd"  # where that one has the caller's folder


class Flags(Struct, frozen=True, kw_only=True):
    """What is asked for on the command line; what is empty is left to the profile.

    `add_user` and `add_folder` are for the caller's own profile.
    """

    image: str
    words: tuple[str, ...]
    name: str
    profile: str
    instances: int = 1
    cluster: bool = False
    interactive: bool = False
    terminal: bool = False
    mounts: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    constants: tuple[str, ...] = ()
    cpus: str = ""
    memory: str = ""
    user: str = ""
    network: str = ""
    add_user: bool = True
    add_folder: bool = True

    @property
    def project(self) -> str:
        """What the project is called that it is a run of its own in."""
        return _PREFIX + self.name


def name_for(image: str, given: str) -> str:
    """Return what a run is called: as it is `given`, else after its image, like no other one.

    Raises:
        click.BadParameter: it cannot be called so.
    """
    if not given:
        short = project_name(re.split(r"[:@]", image.rpartition("/")[2])[0])
        return f"{short[: _LONGEST - 7].rstrip('-')}-{secrets.token_hex(3)}"
    if not _NAME.fullmatch(given) or len(given) > _LONGEST:
        raise click.BadParameter(
            f"{given!r} is no name: {_LONGEST} small letters, digits and - at most",
            param_hint="--name",
        )
    return given


def manifest_of(flags: Flags) -> str:
    """Return the manifest.

    Raises:
        click.BadParameter: a flag's value cannot be meant.
    """
    container: dict[str, Any] = {"image": flags.image}
    constants = _own(flags) | _pairs("--constant", flags.constants)
    if flags.words and flags.cluster:
        constants["DOCKER_CMD_MASTER"] = shlex.join(flags.words)
    elif flags.words:
        container["command"] = list(flags.words)
    said = {"user": flags.user, "network": flags.network, "tty": flags.terminal,
            "stdin": flags.interactive}  # fmt: skip
    container |= {name: value for name, value in said.items() if value}
    limits = {"cpus": flags.cpus, "memory": flags.memory}
    if given := {name: value for name, value in limits.items() if value}:
        container["resources"] = given
    if flags.mounts:
        folder = (
            [f"{constants['DOCKER_FOLDER']}:{_FOLDER}"] if constants.get("DOCKER_FOLDER") else []
        )
        container["mounts"] = [_mount(text) for text in (*folder, *flags.mounts)]
    spec: dict[str, Any] = {"profile": flags.profile}
    spec |= {"instances": flags.instances} if flags.instances != 1 else {}
    spec |= {"constants": constants} if constants else {}
    spec |= {"env": env} if (env := _pairs("--env", flags.env)) else {}
    return manifests.written("Task", flags.name, {**spec, "container": container})


def _own(flags: Flags) -> dict[str, str]:
    """Return what the caller's own profile is told: this folder, and what is left out."""
    if flags.profile != AS_ME:
        return {}
    said = {"DOCKER_FOLDER": str(Path.cwd()) if flags.add_folder else ""}
    said |= {} if flags.add_folder else {"DOCKER_WORKDIR": ""}
    return said | ({} if flags.add_user else {"DOCKER_ENTRIES": "false"})


def _mount(text: str) -> dict[str, object]:
    """Return a mount: of a folder where there is a / in its source, else of a volume."""
    found = _MOUNT.fullmatch(text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no SOURCE:/TARGET[:ro]", param_hint="--mount")
    source, kind = found["source"], "volume"
    if "/" in source or source.startswith((".", "~")):
        source, kind = str(Path(source).expanduser().absolute()), "bind"
    mount: dict[str, object] = {"type": kind, "source": source, "target": found["target"]}
    return mount | ({"readOnly": True} if found["mode"] == "ro" else {})


def _pairs(flag: str, texts: tuple[str, ...]) -> dict[str, str]:
    for text in texts:
        if "=" not in text or text.startswith("="):
            raise click.BadParameter(f"{text!r} is no NAME=VALUE", param_hint=flag)
    return dict(text.split("=", 1) for text in texts)
