"""Git sources on the command line: from the operator's word to a source that can be read.

Decides where a source's mirror and state are, and what its project is called. What git does is
not known here.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from reconciler import manifests
from reconciler.cli.data import data_terms
from reconciler.cli.exits import Exit, Failure
from reconciler.cli.hosts import listed
from reconciler.cli.operator import consult, policy_of
from reconciler.cli.options import Address, Chosen
from reconciler.cli.place import Place, project_of_ledger
from reconciler.cli.text import complain
from reconciler.controller.folders import state_folder
from reconciler.controller.revisions import summary
from reconciler.ledger import holder, prepare_state_folder
from reconciler.manifests import Operator
from reconciler.model.operator import Credential, SourceSpec
from reconciler.secrets import Secret
from reconciler.sources.git import (
    Basic,
    GitSettings,
    GitSource,
    RemoteError,
    Rewrite,
    Signers,
    SshAgent,
    SshKey,
    Standing,
    Token,
)
from reconciler.sources.source import SOURCE_FILE, project_name

Told = Callable[[Standing, str], None]


def find_remote(address: Address, chosen: Chosen) -> Place:
    """Return the place that a repository's address means to the verbs that follow nothing.

    Raises:
        Failure: when the address cannot be meant.
    """
    operator = consult(chosen, None)
    known = {spec.url: spec for spec in operator.service.sources}
    return remote_place(known.get(address) or spec_of(address), chosen, operator, aloud)


def spec_of(url: str, **choice: str | float) -> SourceSpec:
    """Return what is said of a source by its address and flags alone."""
    path = str(choice.get("path", ""))
    last = (path or url.rstrip("/").removesuffix(".git")).rstrip("/").rpartition("/")[2]
    name = project_name(last.rpartition(":")[2])
    return SourceSpec(name=name, url=url, **choice)  # type: ignore[arg-type]  # as flags give them


def aloud(standing: Standing, sentence: str) -> None:
    """Say how a source stands to its remote, unless all is well."""
    if standing not in {Standing.CURRENT, Standing.NEW}:
        complain(sentence)


def remote_place(spec: SourceSpec, chosen: Chosen, operator: Operator, told: Told) -> Place:
    """Return the place of a source, its project named by its ledger or its mirror.

    Raises:
        Failure: when the source cannot be meant as it is described.
    """
    folder = chosen.state
    if folder is None and operator.state_root:
        folder = Path(operator.state_root) / spec.name
    folder = state_folder(spec.name, folder)
    try:
        source = GitSource(_settings(spec), folder / "mirror", told)
    except RemoteError as error:
        raise Failure(str(error), Exit.USAGE) from error
    policy = policy_of(operator, chosen, None, as_git=True)
    ssh_config, hosts, way = operator.ssh_config, listed(chosen, operator.way), operator.way
    address = Address(spec.url)
    place = Place(source, address, spec.name, folder, policy, chosen, ssh_config, hosts, way)
    place = replace(
        place,
        identities=operator.identities,
        data=data_terms(operator),
    )
    return named(place)


def named(place: Place) -> Place:
    """Return a place whose project has the name that is known of it, if one is."""
    known = naming(place).project
    return replace(place, project=known) if known else place


class Naming(Struct, frozen=True):
    """What a project is called; where nobody can say yet, which revision does not, and why."""

    project: str = ""
    revision: str = ""
    why: str = ""


def naming(place: Place) -> Naming:
    """Return the name that a project's ledger, else its manifests, say."""
    if known := project_of_ledger(place.state):
        return Naming(known)
    snapshot = place.source.read()
    if not snapshot.complete:
        return Naming("", snapshot.revision, snapshot.problem)
    text = snapshot.files.get(SOURCE_FILE)
    if text is None:
        return Naming(place.project)
    files = {SOURCE_FILE: text}
    catalog = manifests.load(files, project=place.project, revision="", policy=place.policy)
    if catalog.valid:
        return Naming(catalog.project)
    return Naming("", snapshot.revision, summary(catalog.errors))


def looked_at(place: Place) -> Place:
    """Look at the remote once unless somebody else follows it; return the place as then named."""
    if holder(place.folder) is None:
        fetched(place)
    return named(place)


def fetched(place: Place) -> None:
    """Look at the remote once; a source that cannot be asked is read as it was."""
    if isinstance(place.source, GitSource):
        prepare_state_folder(place.folder)
        with suppress(RemoteError):  # it says so itself
            place.source.poll()


def _settings(spec: SourceSpec) -> GitSettings:
    credential = spec.credential or Credential()
    return GitSettings(
        url=spec.url,
        branch=spec.branch,
        tag=spec.tag,
        commit=spec.commit,
        path=spec.path,
        interval=spec.interval,
        credentials=_credentials(credential),
        known_hosts=_file(credential.known_hosts),
        ca=_file(credential.ca),
        proxy=credential.proxy,
        submodules=spec.submodules,
        signers=Signers(openpgp=_file(spec.openpgp), ssh=_file(spec.ssh)),
        on_rewrite=Rewrite(spec.on_rewrite) if spec.on_rewrite else None,
    )


def _credentials(given: Credential) -> Token | Basic | SshKey | SshAgent | None:
    if given.token is not None:
        token = Secret.at(given.token)
        return Token(token, given.user) if given.user else Token(token)
    if given.password is not None:
        return Basic(given.user, Secret.at(given.password))
    if given.key is not None:
        return SshKey(Secret.at(given.key))
    return SshAgent() if given.agent else None


def _file(path: str) -> Path | None:
    return Path(path) if path else None
