"""Arguments and options that several verbs share, spelled once.

Decides their names, defaults and environment variables. A value that cannot be meant is wrong
usage, which click reports and `failing` turns into exit code 64.
"""

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click
from msgspec import Struct
from msgspec.structs import replace

from reconciler.model.identity import NAME_PATTERN
from reconciler.model.quantities import parse_duration

Verb = Callable[..., Any]
_NAME: Final = re.compile(NAME_PATTERN)
_FOLDER: Final = click.Path(path_type=Path)
_ADDRESS: Final = re.compile(r"[a-z][a-z+]*://|[\w.-]+@[\w.-]+:")  # a URL, or as ssh has it


class Duration(click.ParamType[float]):
    """Seconds, from what people write."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return seconds."""
        if isinstance(value, float):
            return value
        try:
            return parse_duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Address(str):
    """Where a git repository is, as git takes it."""

    __slots__ = ()


Where = Path | Address
"""A source: a folder, or the address of a git repository."""


class SourceType(click.ParamType[Where]):
    """A folder, or what looks like the address of a repository."""

    name = "source"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Where:
        """Return the folder or the address."""
        del param, ctx
        if isinstance(value, Path | Address):
            return value
        text = str(value)
        return Address(text) if _ADDRESS.match(text) and not Path(text).exists() else Path(text)


class Target(Struct, frozen=True):
    """A task, one of its instances, or a job: then `task` is empty."""

    task: str
    instance: int | None = None
    job: str = ""

    def __str__(self) -> str:
        """Render as users type it."""
        if self.job:
            return f"job/{self.job}"
        return self.task if self.instance is None else f"{self.task}/{self.instance}"

    def arguments(self) -> dict[str, object]:
        """Return the target as requests name it."""
        if self.job:
            return {"job": self.job}
        named: dict[str, object] = {"task": self.task}
        return named if self.instance is None else named | {"instance": self.instance}


class Chosen(Struct, frozen=True):
    """What the operator chooses on the command line, and where the rest of it stands."""

    state: Path | None = None
    config: Path | None = None
    settings: tuple[str, ...] = ()
    nodes: Path | None = None


class TargetType(click.ParamType[Target]):
    """TASK or TASK/INSTANCE, and where it is allowed job/JOB."""

    name = "target"

    def __init__(self, *, jobs: bool = False) -> None:
        """Take jobs as well, or not."""
        self._jobs = jobs

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Target:
        """Return the target that is written."""
        if isinstance(value, Target):
            return value
        task, slash, instance = str(value).partition("/")
        if task and (not slash or (instance.isascii() and instance.isdecimal())):
            return Target(task, int(instance) if slash else None)
        if self._jobs and task == "job" and _NAME.fullmatch(instance):
            return Target("", job=instance)
        or_job = ", TASK/INSTANCE nor job/JOB" if self._jobs else " nor TASK/INSTANCE"
        return self.fail(f"{value!r} is neither TASK{or_job}, such as pi or pi/3", param, ctx)


def source_argument(verb: Verb) -> Verb:
    """Give a verb `source`, by position or by -s, this folder by default."""

    @click.argument("source", required=False, type=SourceType())
    @click.option("-s", "--source", "also", type=SourceType(), hidden=True)
    @functools.wraps(verb)
    def wrapped(*, source: Where | None, also: Where | None, **others: object) -> object:
        if source is not None and also is not None and source != also:
            raise click.UsageError(f"two sources are given, {source} and {also}; give one")
        return verb(source=source or also or Path(), **others)

    return wrapped


def operator_options(verb: Verb) -> Verb:
    """Give a verb `operator`, by the options with which the operator decides."""

    @click.option(
        "--state",
        type=_FOLDER,
        metavar="DIR",
        envvar="RECONCILER_STATE",
        show_envvar=True,
        help="Where the ledger is kept; by default the platform's place for state.",
    )
    @click.option(
        "--config",
        type=_FOLDER,
        metavar="FILE",
        envvar="RECONCILER_CONFIG",
        show_envvar=True,
        help="The operator's configuration; by default the platform's place for one.",
    )
    @click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="NAME=VALUE",
        help="One entry of the operator's configuration, such as policy.privileged=false.",
    )
    @functools.wraps(verb)
    def wrapped(
        *, state: Path | None, config: Path | None, settings: tuple[str, ...], **others: object
    ) -> object:
        return verb(operator=Chosen(state, config, settings), **others)

    return wrapped


def hosts_options(verb: Verb) -> Verb:
    """Give a verb `operator`, which may also say which hosts are the nodes."""

    @operator_options
    @click.option(
        "--nodes",
        type=click.Path(path_type=Path, allow_dash=True),
        metavar="FILE",
        help="A list of hosts, one a line, which are the nodes; - is standard input.",
    )
    @click.option(
        "--node-endpoint",
        metavar="ENDPOINT",
        help="Where the engines of these hosts listen, such as tcp://{host}:2376.  "
        "[default: ssh://{host}]",
    )
    @functools.wraps(verb)
    def wrapped(
        *, operator: Chosen, nodes: Path | None, node_endpoint: str | None, **others: object
    ) -> object:
        settings = operator.settings
        if node_endpoint is not None:
            if nodes is None:
                raise click.UsageError("--node-endpoint is for the hosts that --nodes lists")
            settings = (*settings, f"nodes.endpoint={node_endpoint}")
        return verb(operator=replace(operator, settings=settings, nodes=nodes), **others)

    return wrapped


as_git_option = click.option(
    "--as-git",
    is_flag=True,
    help="Judge by the policy for git repositories, as after a merge.",
)
source_option = click.option(
    "-s",
    "--source",
    type=SourceType(),
    default=Path(),
    metavar="SOURCE",
    help="The folder of manifests, or a repository's address; this folder by default.",
)
target_argument = click.argument("target", type=TargetType())
target_or_job_argument = click.argument("target", type=TargetType(jobs=True))
take_over_option = click.option(
    "--take-over", is_flag=True, help="Take the project over from whoever has claimed it."
)
no_cache_option = click.option(
    "--no-cache", "afresh", is_flag=True, help="Run what begins, whatever results could be reused."
)
format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Text is for people; JSON is stable.",
)
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Log warnings and errors only.")
verbose_option = click.option("-v", "--verbose", is_flag=True, help="Log every call as well.")
