"""Where a command acts: the source, the project that it is, and the state folder.

Decides the project's name as reading verbs need it: from reconciler.yaml alone, so that they
work however broken the other manifests are.
"""

import os
import shlex
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from reconciler import manifests
from reconciler.cli.data import DataTerms, data_terms
from reconciler.cli.exits import Failure
from reconciler.cli.hosts import listed
from reconciler.cli.operator import consult, policy_of
from reconciler.cli.options import Address, Chosen, Where
from reconciler.controller.folders import state_folder
from reconciler.ledger import Ledger, NoLedger
from reconciler.model.desired import NodeSpec, Tls
from reconciler.model.hosts import Hosts
from reconciler.model.operator import Way
from reconciler.model.policy import FOLDER, Policy
from reconciler.sources.folder import MAX_BYTES, FolderSource
from reconciler.sources.source import SOURCE_FILE, Polled, project_name

if TYPE_CHECKING:
    from reconciler.controller.reading import Report
    from reconciler.engines.engine import Engine
    from reconciler.sources.git import GitSource

_OF_HOSTS: Final = ("apply", "plan", "run")


class Place(Struct, frozen=True):
    """A source, its project, the state folder if one was chosen, the hosts if some are listed.

    `identities` are the operator's files that open what age has encrypted.
    """

    source: "FolderSource | GitSource"
    written: Where
    project: str
    state: Path | None
    policy: Policy = FOLDER
    chosen: Chosen = Chosen()
    ssh_config: str = ""
    hosts: Hosts | None = None
    way: Way = Way()
    data: DataTerms = DataTerms()
    identities: tuple[str, ...] = ()

    @property
    def root(self) -> Path:
        """What problems' paths are told from: the folder, or for a repository where we are."""
        return self.source.root if isinstance(self.source, FolderSource) else Path.cwd()

    @property
    def folder(self) -> Path:
        """The state folder; it need not exist."""
        return state_folder(self.project, self.state)

    def held(self) -> str:
        """Return the revision that the source itself holds back until it is approved, if any."""
        return self.source.held() if isinstance(self.source, Polled) else ""

    def command(self, *words: str) -> str:
        """Return the command line for another verb on this very place."""
        options = [] if self.written == Path() else ["-s", str(self.written)]
        if self.chosen.state is not None and not os.environ.get("RECONCILER_STATE"):
            options += ["--state", str(self.chosen.state)]
        if self.chosen.config is not None and not os.environ.get("RECONCILER_CONFIG"):
            options += ["--config", str(self.chosen.config)]
        hosts = self.chosen.nodes
        if hosts is not None and hosts.is_file() and words[0] in _OF_HOSTS:
            options += ["--nodes", str(hosts)]  # a pipe cannot be read again
        for setting in self.chosen.settings:
            options += ["--set", setting]
        return shlex.join(["reconciler", *words, *options])


def find(source: Where, chosen: Chosen, *, as_git: bool = False) -> Place:
    """Return the place that a source and the options mean.

    Raises:
        Failure: when there is no such folder, its project has no name that can be read, or the
            operator's configuration is of no use.
    """
    if isinstance(source, Address):
        from reconciler.cli.remotes import find_remote  # noqa: PLC0415  # folders need no git

        return find_remote(source, chosen)
    folder = FolderSource(source)
    if not folder.root.is_dir():
        raise Failure(f"there is no folder {source}")
    operator = consult(chosen, folder.root)
    project, state = _project(folder, chosen.state), chosen.state
    if state is None and operator.state_root:
        state = Path(operator.state_root) / project
    policy = policy_of(operator, chosen, folder.root, as_git=as_git)
    ssh_config, hosts, way = operator.ssh_config, listed(chosen, operator.way), operator.way
    found = Place(folder, source, project, state, policy, chosen, ssh_config, hosts, way)
    return replace(
        found,
        identities=operator.identities,
        data=data_terms(operator),
    )


def look(place: Place) -> "Report":
    """Look at everything once."""
    from reconciler.controller.reading import report  # noqa: PLC0415  # writers never need it

    return report(place.project, place.state, opener(place), place.policy)


def opener(place: Place) -> Callable[[NodeSpec], "Engine"]:
    """Return what opens the engines of nodes, with what the operator has for the way to them."""
    return lambda spec: _open(spec.name, spec.endpoint, spec.tls, place.ssh_config)


@cache
def _open(node: str, endpoint: str, tls: Tls, ssh_config: str) -> "Engine":
    """Return an engine, one for all who ask; what it needs is imported only now."""
    from reconciler.engines import docker  # noqa: PLC0415  # see the docstring

    return docker.open_engine(node, endpoint, tls, ssh_config)


def _project(source: FolderSource, state: Path | None) -> str:
    fallback = project_name(Path(os.path.realpath(source.root)).name)
    files = _source_file(source.root)
    if not files:
        return fallback
    catalog = manifests.load(files, project=fallback, revision="")
    if catalog.valid:
        return catalog.project
    first = catalog.errors[0]
    known = project_of_ledger(state)
    if known:
        return known
    raise Failure(
        f"{first.at}: {first.message}; without a readable {SOURCE_FILE} the project has no name"
    )


def _source_file(root: Path) -> Mapping[str, bytes]:
    try:
        with (root / SOURCE_FILE).open("rb") as file:
            return {SOURCE_FILE: file.read(MAX_BYTES + 1)}
    except FileNotFoundError:
        return {}


def project_of_ledger(state: Path | None) -> str:
    """Return the project that a state folder is of, empty where there is no ledger."""
    if state is None:
        return ""
    try:
        with Ledger.open(state, write=False) as ledger:
            return ledger.project
    except NoLedger:
        return ""
