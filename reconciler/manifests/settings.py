"""The operator's settings: a file, variables and flags → what the operator decides.

Decides what comes before what (a flag, a variable, the file), and what a variable is called.
Everything passes one schema, and whatever is wrong is told where it stands. Must not know where
the file is looked for.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import Final

from msgspec import Struct

from reconciler.manifests import Operator
from reconciler.manifests.documents import validate
from reconciler.manifests.fields import Fields
from reconciler.manifests.hosts import read_way
from reconciler.manifests.merging import overlay
from reconciler.manifests.policy import read_policy
from reconciler.manifests.reading import read
from reconciler.manifests.reporting import Report, did_you_mean, shorten
from reconciler.manifests.service import read_service
from reconciler.manifests.shipped import Schema, schema_file
from reconciler.manifests.tree import Mapping as Tree
from reconciler.manifests.tree import Node, Scalar, child, resolve
from reconciler.manifests.tree import Sequence as List
from reconciler.model.operator import Service, Way
from reconciler.model.position import Position
from reconciler.model.quantities import parse_bytes

FLAG: Final = "--set"
_PREFIX: Final = "RECONCILER_"
_OURS: Final = "RECONCILER_POLICY_"  # no other variable begins like this: it is a mistake


class _Setting(Struct, frozen=True):
    """One entry that is given outside the file, and where its value stands."""

    name: str
    value: str
    at: Position


def read_operator(
    path: str, data: bytes, variables: Mapping[str, str], settings: Sequence[str]
) -> Operator:
    """Return what the operator decides. Problems stand in `path`, in variables or in flags."""
    report = Report()
    files = {path: data, FLAG: b"\n".join(map(_line, settings))}
    files |= {name: _line(value) for name, value in variables.items()}
    layers = [
        _from_file(path, data, report),
        _tree(_from_variables(variables, report)),
        _tree(_from_flags(settings, report)),
    ]
    for layer in layers:
        validate("operator", layer, report)
    whole = reduce(overlay, layers)
    sound = not report.errors()
    given = read_policy(whole.mapping("policy"), report).values if sound else {}
    return Operator(
        state_root=whole.text("stateRoot"),
        ssh_config=whole.text("sshConfig"),
        data_cache=_cache(whole, report) if sound else None,
        identities=Fields(whole, report).texts("ageIdentities"),
        given=given,
        way=read_way(whole.mapping("nodes"), report) if sound else Way(),
        service=read_service(whole, report) if sound else Service(),
        problems=report.sorted(),
        files=files,
    )


def _cache(whole: Tree, report: Report) -> int | None:
    """Return how many bytes of data nodes keep, None where nothing is said."""
    if "dataCache" not in whole.items:
        return None
    return Fields(whole, report).parsed("dataCache", parse_bytes, 0)


def _line(text: str) -> bytes:
    """Return a setting as the one line that its places are counted in."""
    return re.sub(r"[\r\n]", " ", text).encode("utf-8", "replace")


def _from_file(path: str, data: bytes, report: Report) -> Tree:
    found = read(path, data, report)
    for surplus in found[1:]:
        report.about(surplus.root, "wrong-type", "the operator's configuration is one document")
    root = found[0].root if found else None
    if isinstance(root, Tree):
        return root
    if root is not None:
        report.about(root, "wrong-type", "expected a mapping at the top")
    return Tree(Position(path, 1, 1), "")


def _from_variables(variables: Mapping[str, str], report: Report) -> list[_Setting]:
    names = {variable_of(name): name for name in _settings()}
    found = []
    for variable, value in sorted(variables.items()):
        at = Position(variable, 1, 1)
        if variable in names and value:  # an empty variable is none
            found.append(_Setting(names[variable], value, at))
        elif variable.startswith(_OURS) and variable not in names:
            message = f"no setting has the variable {variable}"
            report.error("unknown-setting", at, "", message, did_you_mean(variable, names))
    return found


def _from_flags(settings: Sequence[str], report: Report) -> list[_Setting]:
    found = []
    for line, text in enumerate(settings, start=1):
        name, sign, value = text.partition("=")
        at = Position(FLAG, line, 1)
        if not sign:
            message = f"{shorten(text)} gives no value"
            report.error("bad-setting", at, "", message, "Write NAME=VALUE.")
        elif name not in _settings():
            hint = did_you_mean(name, _settings())
            report.error("unknown-setting", at, "", f"there is no setting {shorten(name)}", hint)
        else:
            found.append(_Setting(name, value, Position(FLAG, line, len(name) + 2)))
    return found


def _tree(settings: Iterable[_Setting]) -> Tree:
    """Return settings as the file would have them; of two with one name the last counts."""
    root = Tree(Position("", 1, 1), "")
    for setting in settings:
        owner = root
        *groups, last = setting.name.split(".")
        for group in groups:
            below = owner.items.setdefault(group, Tree(setting.at, child(owner.pointer, group)))
            owner.keys.setdefault(group, setting.at)
            owner = below if isinstance(below, Tree) else owner
        owner.items[last] = _value(setting, child(owner.pointer, last))
        owner.keys[last] = setting.at
    return root


def _value(setting: _Setting, pointer: str) -> Node:
    """Return a single value as YAML reads it, a list from texts with commas in between."""
    if not _settings()[setting.name]:
        text = setting.value.strip()
        return Scalar(resolve(text), text, setting.at, pointer)
    found, written = List(setting.at, pointer), setting.value
    if bracketed := re.fullmatch(r"\s*\[(.*)\]\s*", written, re.DOTALL):
        written = " " * bracketed.start(1) + bracketed[1]
    for part in re.finditer(r"[^,\s](?:[^,]*[^,\s])?", written):
        at = Position(setting.at.path, setting.at.line, setting.at.column + part.start())
        place = child(pointer, len(found.items))
        found.items.append(Scalar(part[0], part[0], at, place))
    return found


def variable_of(name: str) -> str:
    """Return a setting's variable: policy.hostNetwork is RECONCILER_POLICY_HOST_NETWORK."""
    words = re.sub(r"([A-Z])", r"_\1", name).replace(".", "_")
    return _PREFIX + words.upper()


def _settings() -> dict[str, bool]:
    """Return the names of all settings, with whether they are lists."""
    found: dict[str, bool] = {}
    waiting: list[tuple[str, Schema]] = [("", schema_file("operator"))]
    while waiting:
        path, schema = waiting.pop()
        for key, item in schema["properties"].items():
            name = f"{path}.{key}" if path else key
            below = _followed(item)
            if "properties" in below:
                waiting.append((name, below))
            elif name != "apiVersion" and not _is_structure(below):
                found[name] = below.get("type") == "array"
    return found


def _followed(schema: Schema) -> Schema:
    """Return what a reference to the policy, or to a part of the same file, means."""
    reference = str(schema.get("$ref", ""))
    if reference == "policy.json":
        return schema_file("policy")
    name = reference.removeprefix("#/$defs/")
    found: Schema = schema_file("operator")["$defs"][name] if name != reference else schema
    return found


def _is_structure(schema: Schema) -> bool:
    """Return whether a setting is too much for one text: a mapping, or a list of them."""
    return schema.get("type") == "object" or "$ref" in schema.get("items", {})
