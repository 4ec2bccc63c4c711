"""Bytes → Catalog: what a source's manifests say, and everything that is wrong with them.

The only home of yaml and jsonschema. Pure: no clock, no engine, and no file but the schemas and
standard profiles that travel with the program. Importing this costs nothing; what reads and
checks is imported on first use.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from reconciler.model.catalog import Catalog


class Memory(Struct):
    """What a process knows of files that it has loaded before, so that a change costs little.

    Means something to `load` alone; it changes no answer.
    """

    files: dict[str, Any] = field(default_factory=dict)


class StandardProfile(Struct, frozen=True):
    """A profile that ships with the program: its constants with their defaults, and its text."""

    name: str
    description: str
    constants: Mapping[str, str]
    text: str


def load(
    files: Mapping[str, bytes],
    *,
    project: str,
    revision: str,
    forbidden_binds: Sequence[str] = (),
    memory: Memory | None = None,
) -> Catalog:
    """Return a source's manifests with every problem found in them.

    `files` are *.yaml, *.yml and *.json by path relative to the source's root. `project` is the
    name where no reconciler.yaml at the root gives one. `forbidden_binds` are absolute paths
    that no mount may reach. `memory` is what one process keeps from one load to the next.
    """
    from reconciler.manifests import loading  # noqa: PLC0415  # see the module's docstring

    return loading.load(
        files,
        project=project,
        revision=revision,
        forbidden_binds=forbidden_binds,
        memory=memory,
    )


def kinds() -> tuple[str, ...]:
    """Return the names of all kinds, sorted."""
    return ("Bucket", "Job", "Node", "Pool", "Profile", "Task")


def configurations() -> tuple[str, ...]:
    """Return the names of what is written like a manifest, has a schema, and is none."""
    return ("operator", "source")


def schema(name: str) -> dict[str, Any]:
    """Return the JSON schema of a kind or a configuration, which refers to nothing outside.

    Raises:
        KeyError: when there is no such kind or configuration.
    """
    from reconciler.manifests import bundling  # noqa: PLC0415  # see the module's docstring

    if name not in {*kinds(), *configurations()}:
        raise KeyError(name)
    return bundling.alone(name.lower())


def schema_of_all() -> dict[str, Any]:
    """Return the one JSON schema of whatever may stand in a source, for editors and catalogues."""
    from reconciler.manifests import bundling  # noqa: PLC0415  # as above

    return bundling.together(kinds())


def profiles() -> tuple[StandardProfile, ...]:
    """Return the standard profiles, sorted by name."""
    from reconciler.manifests import documents, shipped  # noqa: PLC0415  # as above

    found = []
    for name in shipped.profile_names():
        spec = documents.standard_profile(name).spec
        declared = spec.mapping("constants")
        constants = {key: declared.text(key, "default") for key in declared.items}
        text = shipped.profile_text(name).decode()
        found.append(StandardProfile(name, spec.text("description"), constants, text))
    return tuple(found)
