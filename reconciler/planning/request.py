"""What an engine is asked to create: the spec, the labels, and the environment made whole."""

from typing import Final

from msgspec.structs import replace

from reconciler.model import identity
from reconciler.model.action import CreateRequest
from reconciler.model.claim import claim_of, in_slot, labels_of
from reconciler.model.cluster import Membership, peer_name
from reconciler.model.data import Provision
from reconciler.model.desired import Desired, DesiredTask
from reconciler.model.identity import AttemptKey
from reconciler.model.pool import PoolRecords
from reconciler.model.spec import InstanceSpec, Pairs
from reconciler.planning.numbering import text_of
from reconciler.planning.peering import cluster_variables, mpi_variables
from reconciler.planning.prefixes import builtins_of
from reconciler.planning.staging import confidence_of, scratch_of, shell_ports
from reconciler.planning.start_script import entrypoint

_ROOT: Final = ("root", "0")


def build_request(
    desired: Desired,
    task: DesiredTask,
    attempt: AttemptKey,
    image: str,
    membership: Membership | None = None,
    provisions: tuple[Provision, ...] = (),
) -> CreateRequest:
    """Return the request for one attempt, from an image reference that is already resolved.

    `membership` is how it is in its run's network, None where there is none; `provisions` are the
    data that it gets.
    """
    return CreateRequest(
        project=desired.project,
        attempt=attempt,
        image=image,
        env=_environment(desired, task, attempt, membership),
        labels=_labels(desired, task, attempt),
        spec=_own_spec(task, attempt.key.instance),
        membership=membership,
        scratch=scratch_of(task.spec, provisions),
        confidence=confidence_of(desired, task),
        launcher=_launcher(task, attempt.key.instance),
        provisions=provisions,
    )


def _launcher(task: DesiredTask, instance: int) -> tuple[str, ...]:
    """Return what starts sshd first, where there is to be one."""
    if not shell_ports(task.spec):
        return ()
    return entrypoint("master" if instance == task.master else "worker")


def _own_spec(task: DesiredTask, instance: int) -> InstanceSpec:
    """Return the spec of one instance: where they work as one, each has its part and its name.

    Where there is sshd, it is all that runs of who is not given anything to run.
    """
    spec, leads = task.spec, instance == task.master
    command = spec.command
    if spec.cluster is not None:
        own = spec.master if leads else spec.worker
        command = spec.command if own is None else own
        if own is None and not leads and spec.cluster.port:
            command = None
        hostname = spec.hostname or peer_name(task.name, instance)
        spec = replace(spec, command=command, hostname=hostname)
    if command is None and not leads and shell_ports(spec):
        return replace(spec, entrypoint=(), command=())
    return spec


def within(request: CreateRequest, slot: str, pools: PoolRecords) -> CreateRequest:
    """Return a request for a container in a slot: what it sets no limit for, the slot bounds."""
    pool, _, number = slot.partition("/")
    room, spec = pools[pool].slots[int(number)].room, request.spec
    claim = in_slot(claim_of(spec), slot, room)
    limits = replace(spec.resources, cpus=claim.cpus, memory=claim.memory)
    labels = dict(request.labels) | {name: said for name, said in labels_of(claim).items() if said}
    return replace(
        request, spec=replace(spec, resources=limits), labels=tuple(sorted(labels.items()))
    )


def _environment(
    desired: Desired, task: DesiredTask, attempt: AttemptKey, membership: Membership | None
) -> Pairs:
    """Return who the user is and who else there is, constants, env, a matrix's values, built-ins.

    The last ones nothing may override.
    """
    merged = _whose(task.spec) | _peers(task.spec, membership)
    merged |= dict(task.spec.constants) | dict(task.spec.env)
    merged |= dict(task.values_of(attempt.key.instance))
    merged |= builtins_of(desired, task, attempt)
    return tuple(sorted(merged.items()))


def _whose(spec: InstanceSpec) -> dict[str, str]:
    """Return what programs take for the user's name and home, over what the image says.

    Whatever root is called, and wherever at home, is for the image to say.
    """
    account = spec.account
    if not account.entries or spec.user.partition(":")[0] in _ROOT:
        return {}
    return {"HOME": account.folder, "USER": account.called, "LOGNAME": account.called}


def _peers(spec: InstanceSpec, membership: Membership | None) -> dict[str, str]:
    """Return what instances that work as one find of each other in their environment."""
    if spec.cluster is None or membership is None:
        return {}
    file, peers = spec.cluster.hostfile, membership.peers
    found = dict(cluster_variables(peers, membership.rank, file))
    return found | (
        dict(mpi_variables(file, membership.network.subnet)) if spec.cluster.port else {}
    )


def _labels(desired: Desired, task: DesiredTask, attempt: AttemptKey) -> Pairs:
    """Return the user's labels under ours; absent values have no label."""
    ours = {
        identity.LABEL_PROJECT: desired.project,
        identity.LABEL_TASK: task.name,
        identity.LABEL_JOB: task.job,
        identity.LABEL_INSTANCE: str(attempt.key.instance),
        identity.LABEL_VALUES: text_of(task.values_of(attempt.key.instance)),
        identity.LABEL_RUN: str(attempt.run),
        identity.LABEL_ATTEMPT: str(attempt.attempt),
        identity.LABEL_WORK: task.work.hash,
        identity.LABEL_SHAPE: task.shape.hash,
        identity.LABEL_REVISION: desired.revision,
        **labels_of(claim_of(task.spec)),
    }
    theirs = {k: v for k, v in task.labels if not k.startswith(identity.LABEL_PREFIX)}
    return tuple(sorted((theirs | {k: v for k, v in ours.items() if v}).items()))
