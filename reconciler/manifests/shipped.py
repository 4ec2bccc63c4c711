"""The data files that travel with the program: schemas, standard profiles, explanations.

Decides where they are: `reconciler/_shipped` in an installed wheel, else the top of the
checkout. The only module of this room that reads files, and it reads no others.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

Schema = dict[str, Any]


@cache
def _root() -> Path:
    package = Path(__file__).resolve().parents[1]
    installed = package / "_shipped"
    return installed if installed.is_dir() else package.parent


@cache
def schema_file(name: str) -> Schema:
    """Return the parsed schemas/v1/NAME.json."""
    path = _root() / "schemas" / "v1" / f"{name}.json"
    loaded: Schema = json.loads(path.read_bytes())
    return loaded


@cache
def profile_names() -> tuple[str, ...]:
    """Return the standard profiles' names, sorted."""
    return tuple(sorted(path.stem for path in (_root() / "specs" / "profiles").glob("*.yaml")))


def profile_path(name: str) -> str:
    """Return what a standard profile's file is called in positions."""
    return f"specs/profiles/{name}.yaml"


@cache
def profile_text(name: str) -> bytes:
    """Return a standard profile's manifest."""
    return (_root() / profile_path(name)).read_bytes()


@cache
def problem_codes() -> tuple[str, ...]:
    """Return the codes of problems that are explained, sorted."""
    return tuple(sorted(path.stem for path in (_root() / "specs" / "problems").glob("*.md")))


def problem_text(code: str) -> str:
    """Return the explanation of a problem's code."""
    return (_root() / "specs" / "problems" / f"{code}.md").read_text("utf-8")
