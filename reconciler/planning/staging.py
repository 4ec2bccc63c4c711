"""What is put into an instance's container before it is started.

Pure and the same whenever it is asked for, so that a start that comes again puts in the same. Keys
are only asked for here: nobody who plans ever sees one.
"""

from collections.abc import Iterable

from reconciler.model.cluster import Membership
from reconciler.model.confidence import Confidence, sealed_for
from reconciler.model.data import Provision
from reconciler.model.desired import Desired, DesiredTask
from reconciler.model.policy import inside
from reconciler.model.spec import InstanceSpec
from reconciler.model.staging import SCRATCH, Admission, StagedFile, Staging
from reconciler.planning.peering import PEERS, hostfile, peers_file
from reconciler.planning.secure_shell import File, peer_files, server_files


def staging_of(
    desired: Desired,
    task: DesiredTask,
    run: int,
    membership: Membership | None,
    provisions: tuple[Provision, ...] = (),
) -> Staging | None:
    """Return what an instance's container gets, None for nothing."""
    spec = task.spec
    account, admission = spec.account if spec.account.entries else None, None
    if ports := shell_ports(spec):
        admission = _admission(desired.project, task, run)
    files = (*(server_files(ports) if ports else ()), *_shared(spec, membership))
    confidence = confidence_of(desired, task)
    if confidence is not None and not any(secret.target for secret in confidence.secrets):
        confidence = None
    if account is None and confidence is None and not files and not provisions:
        return None
    staged = (StagedFile(path=path, content=text.encode(), mode=mode) for path, text, mode in files)
    return Staging(
        files=tuple(staged),
        account=account,
        admission=admission,
        confidence=confidence,
        provisions=provisions,
    )


def confidence_of(desired: Desired, task: DesiredTask) -> Confidence | None:
    """Return what an instance is to be told in confidence, None for nothing."""
    secrets = task.spec.secrets
    if not secrets:
        return None
    sealed = sealed_for((secret.origin for secret in secrets), desired.sealed.items())
    return Confidence(secrets=secrets, sealed=sealed)


def shell_ports(spec: InstanceSpec) -> tuple[int, ...]:
    """Return where its sshd listens: for other instances, for people; nothing where it has none."""
    of_both = spec.cluster.port if spec.cluster else 0, spec.ssh.port if spec.ssh else 0
    return tuple(dict.fromkeys(port for port in of_both if port))


def scratch_of(spec: InstanceSpec, provisions: tuple[Provision, ...] = ()) -> tuple[str, ...]:
    """Return the folders that are volumes: for keys, secrets, and where a read-only root is."""
    taken = {mount.target for mount in spec.mounts}
    taken |= {one.target for one in provisions if one.read_only}
    found = (*_for_ours(spec), *_for_secrets(spec), *_for_copies(spec, provisions))
    return tuple(one for one in dict.fromkeys(found) if one not in taken)


def _for_ours(spec: InstanceSpec) -> tuple[str, ...]:
    if spec.cluster is None or not spec.security.read_only_root:
        return (SCRATCH,) if shell_ports(spec) else ()
    above = spec.cluster.hostfile.rpartition("/")[0]
    return (SCRATCH, above) if above else (SCRATCH,)


def _for_secrets(spec: InstanceSpec) -> tuple[str, ...]:
    """Return the folders of secrets, which are to go with the container."""
    above = (one.target.rpartition("/")[0] for one in spec.secrets if one.target)
    return tuple(folder for folder in above if folder)


def _for_copies(spec: InstanceSpec, provisions: Iterable[Provision]) -> tuple[str, ...]:
    """Return the folders that have to be volumes for data to be copied there."""
    if not spec.security.read_only_root:
        return ()
    mounted = [mount.target for mount in spec.mounts]
    copied = (one.target for one in provisions if not one.read_only)
    return tuple(to for to in copied if not any(inside(to, folder) for folder in mounted))


def _admission(project: str, task: DesiredTask, run: int) -> Admission:
    spec, people = task.spec, task.spec.ssh
    return Admission(
        project=project,
        task=task.name,
        run=run,
        people=people.keys if people else (),
        people_file=people.file if people else "",
        peers=bool(spec.cluster and spec.cluster.port),
    )


def _shared(spec: InstanceSpec, membership: Membership | None) -> tuple[File, ...]:
    """Return what instances that work as one know of each other."""
    cluster = spec.cluster
    if cluster is None or membership is None:
        return ()
    peers = membership.peers
    known: tuple[File, ...] = ((PEERS, peers_file(peers), 0o644),)
    if cluster.port:
        open_root = not spec.security.read_only_root
        known = peer_files(peers, cluster.port, writable_root=open_root)
    return ((cluster.hostfile, hostfile(peers), 0o644), *known)
