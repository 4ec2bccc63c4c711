"""The operator's configuration: where it is, and that no source can be it.

Decides which file counts: that of --config or RECONCILER_CONFIG, else the platform's place for
a user's configuration, if there is one. What stands in it is judged by `manifests`.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click
from msgspec.structs import replace

from reconciler import manifests
from reconciler.cli.caller import caller_at
from reconciler.cli.exits import Exit, Failure
from reconciler.cli.findings.text import as_text
from reconciler.cli.options import Chosen
from reconciler.controller.folders import guarded
from reconciler.manifests import Operator
from reconciler.model.policy import FOLDER, GIT, Policy
from reconciler.model.problem import Severity
from reconciler.sources.folder import MAX_BYTES

_NAME: Final = "config.yaml"
_PREFIX: Final = "RECONCILER_"
_APART: Final = frozenset({"RECONCILER_CONFIG", "RECONCILER_DEBUG", "RECONCILER_STATE"})


def consult(chosen: Chosen, source: Path | None) -> Operator:
    """Return what the operator decides for a source; None is none of this machine's folders.

    Raises:
        Failure: when the configuration cannot be read, has errors, which are shown, or lies
            where it is not the operator's.
    """
    path = chosen.config or _usual()
    variables = _variables()
    if path is None and not variables and not chosen.settings:
        return Operator()
    data = _read(path, source) if path is not None else b""
    operator = manifests.operator(str(path or _NAME), data, variables, chosen.settings)
    for line in as_text(operator.problems, operator.files, Path.cwd()):
        click.echo(line, err=True)
    if any(problem.severity is Severity.ERROR for problem in operator.problems):
        raise Failure("nothing is done, for the operator's configuration has errors")
    return operator


def policy_of(operator: Operator, chosen: Chosen, folder: Path | None, *, as_git: bool) -> Policy:
    """Return what a folder may ask for, or with `as_git` what a repository of its content may.

    A `folder` speaks for whoever runs this; None is none of this machine's.
    """
    root = Path(operator.state_root) if operator.state_root else None
    caller = caller_at(folder) if folder is not None and not as_git else None
    base = replace(GIT if as_git else FOLDER, caller=caller)
    return guarded(operator.policy(base), chosen.state or root)


def _usual() -> Path | None:
    import platformdirs  # noqa: PLC0415  # most operators name the file, or have none

    path = platformdirs.user_config_path("reconciler", appauthor=False) / _NAME
    return path if path.exists() else None


def _variables() -> Mapping[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith(_PREFIX) and name not in _APART
    }


def _read(path: Path, source: Path | None) -> bytes:
    real, root = os.path.realpath(path), os.path.realpath(source or path)
    if source is not None and os.path.commonpath((real, root)) == root:
        raise Failure(
            f"the operator's configuration {path} lies inside the source {source}: whoever "
            "changes the source would decide what it may do; keep it elsewhere",
            Exit.USAGE,
        )
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Failure(
            f"the operator's configuration {path} cannot be read: {error.strerror}", Exit.USAGE
        ) from error
