"""Bytes → Catalog: what a source's manifests say, and everything that is wrong with them.

The only home of yaml and jsonschema. Pure: no clock, no engine, and no file but the schemas and
standard profiles that travel with the program. Importing this costs nothing; what reads and
checks is imported on first use.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from reconciler.model.catalog import Catalog
from reconciler.model.hosts import Hosts
from reconciler.model.images import Material
from reconciler.model.operator import Service, Way
from reconciler.model.policy import FOLDER, Policy
from reconciler.model.problem import Problem


class Memory(Struct):
    """What a process knows of files that it has loaded before, so that a change costs little.

    Means something to `load` alone; it changes no answer.
    """

    files: dict[str, Any] = field(default_factory=dict)
    whole: Any = None
    question: Any = None


class Found(Struct, frozen=True):
    """What was found of what an image is made of: its digest, else why there is none.

    `in_file`: the fault is that of the Dockerfile.
    """

    digest: str = ""
    fault: str = ""
    in_file: bool = False


class StandardProfile(Struct, frozen=True):
    """A profile that ships with the program: its constants with their defaults, and its text."""

    name: str
    description: str
    constants: Mapping[str, str]
    text: str


class Operator(Struct, frozen=True, kw_only=True):
    """What the operator decides, with everything that is wrong with how it is said.

    `ssh_config` is what nodes are reached with through ssh, empty for the user's own, `way` how the
    hosts of a list are. `identities` are files that open what age has encrypted, `data_cache` is
    how many bytes of data nodes keep, None where nothing is said. `given` are the policy's fields
    that are decided, `service` is what `run` serves; `files` are what the problems stand in.
    """

    state_root: str = ""
    ssh_config: str = ""
    identities: tuple[str, ...] = ()
    way: Way = Way()
    data_cache: int | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    service: Service = field(default_factory=Service)
    problems: tuple[Problem, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)

    def policy(self, base: Policy) -> Policy:
        """Return the policy in force for sources that without a word have `base`."""
        return replace(base, **self.given)


class HostList(Struct, frozen=True):
    """A host list that was read: None where it has errors, and every problem found in it."""

    hosts: Hosts | None
    problems: tuple[Problem, ...] = ()


def load(
    files: Mapping[str, bytes],
    *,
    project: str,
    revision: str,
    policy: Policy = FOLDER,
    memory: Memory | None = None,
    hosts: Hosts | None = None,
) -> Catalog:
    """Return a source's manifests with every problem found in them.

    `files` are *.yaml, *.yml and *.json by path relative to the source's root. `project` is the
    name where no reconciler.yaml at the root gives one. `policy` is what the operator
    allows, which the source's own can only narrow. `memory` is what one process keeps from one
    load to the next. `hosts` are the nodes, whichever are declared, where the operator gives some.
    """
    from reconciler.manifests import loading  # noqa: PLC0415  # see the module's docstring

    return loading.load(
        files, project=project, revision=revision, policy=policy, memory=memory, hosts=hosts
    )


def completed(catalog: Catalog, found: Mapping[Material, Found]) -> Catalog:
    """Return a catalog whose images are called and hashed by what they are made of.

    What is missing is a problem; of what is not in `found`, nothing is started.
    """
    from reconciler.manifests import making  # noqa: PLC0415  # as above

    return making.completed(catalog, found)


def lock_text(locks: Mapping[str, str]) -> str:
    """Return the text of a lock file that holds these digests, by images as written."""
    from reconciler.manifests import locking  # noqa: PLC0415  # as above

    return locking.written(locks)


def written(kind: str, name: str, spec: Mapping[str, Any]) -> str:
    """Return the text of a manifest, which says what it is given and no more."""
    from reconciler.manifests.composing import composed  # noqa: PLC0415  # as above

    return composed(kind, name, spec)


def operator(
    path: str, data: bytes, variables: Mapping[str, str], settings: Sequence[str]
) -> Operator:
    """Return what the operator decides: by flags before variables before a file.

    `settings` are texts NAME=VALUE; of `variables`, RECONCILER_* alone concern anybody.
    """
    from reconciler.manifests.settings import read_operator  # noqa: PLC0415  # as above

    return read_operator(path, data, variables, settings)


def host_list(path: str, data: bytes, way: Way, here: Collection[str] = ()) -> HostList:
    """Return the nodes that a host list names: one host a line, # begins a comment.

    `here` are the names of this machine, in lower case.
    """
    from reconciler.manifests.hosts import read_hosts  # noqa: PLC0415  # as above

    return read_hosts(path, data, way, here)


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
