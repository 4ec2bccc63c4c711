"""Manifests from values: the other way round.

Decides how a manifest is written that nobody has written by hand. Must not know what is in it.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import yaml

_CONSTANT: Final = re.compile(r"\$(?=\{[A-Za-z_][A-Za-z0-9_]*\})")


def composed(kind: str, name: str, spec: Mapping[str, Any]) -> str:
    """Return a manifest's text. Every text in `spec` stands for itself."""
    said = {
        "apiVersion": "reconciler/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": _literal(spec),
    }
    return yaml.safe_dump(said, sort_keys=False, allow_unicode=True, width=100)


def _literal(value: Any) -> Any:  # noqa: ANN401  # plain data
    """Return the same with `${NAME}` written such that no constant is meant."""
    if isinstance(value, str):
        return _CONSTANT.sub("$$", value)
    if isinstance(value, Mapping):
        return {key: _literal(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_literal(item) for item in value]
    return value
