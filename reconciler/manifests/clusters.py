"""A profile's cluster and ssh, with a task's constants in place, for the tasks that use them.

Decides whether they are well-formed, which network they need, and what else a task whose instances
work as one cannot be. They stand beside the container, so that no task overrides them.
"""

from typing import Final

from msgspec.structs import replace

from reconciler.manifests.constants import Constants
from reconciler.manifests.documents import Entry
from reconciler.manifests.effective import substituted
from reconciler.manifests.fields import Fields
from reconciler.model.policy import inside
from reconciler.model.spec import Cluster, InstanceSpec, Login

NETWORK: Final = "cluster"
_PROFILE_SPEC: Final = "profile#/properties/spec"
_PARTS: Final = ("cluster", "ssh")
_NETWORKS: Final = {"cluster": ("cluster",), "ssh": ("bridge", "cluster", "host")}
_NO_CLUSTER: Final = Cluster()
_SHELL_PORT: Final = 2022
_LOGIN_PORT: Final = 22


def with_cluster(
    spec: InstanceSpec, profile: Entry, constants: Constants, container: Fields
) -> InstanceSpec:
    """Return a spec with what its profile says of clusters and ssh; reports what is wrong there."""
    network = container.text("network", "none")
    parts = {name: item for name, item in profile.spec.items.items() if name in _PARTS}
    given, report = profile.spec.like(parts), container.report
    tree = substituted(given, _PROFILE_SPEC, constants, report) if parts else given
    fields = Fields(tree, report)
    for part in parts:
        if network not in _NETWORKS[part]:
            _unfit(part, fields, container)
    said = fields.below("cluster")
    if network == NETWORK:
        spec = replace(
            spec,
            cluster=_cluster(said),
            master=said.words("masterCommand"),
            worker=said.words("workerCommand"),
        )
    return replace(spec, ssh=_login(fields.below("ssh"))) if "ssh" in parts else spec


def check_cluster(own: Fields, spec: InstanceSpec) -> None:
    """Report what a task whose instances work as one cannot be. Only for one without faults."""
    if spec.cluster is None:
        return
    container = own.below("container")
    about = container.node.get("network") or container.node
    if own.text("restart") == "always":
        message = "network: a service has no private network, for its instances come and go"
        own.report.about(about, "excluded-field", message, "Use network: bridge.")
    if spec.ports and not spec.cluster.outbound:
        message = "ports: nothing outside reaches a network that is closed to the outside"
        hint = "Use the profile docker-cluster-network, or remove the ports."
        container.exclude("ports", message, hint)
    for mount in spec.mounts:
        if mount.type == "bind" and inside(spec.cluster.hostfile, mount.target):
            message = f"the hostfile {spec.cluster.hostfile} would lie in the mount {mount.target}"
            hint = "Mount it elsewhere, or give the profile's cluster another hostfile."
            own.report.about(about, "duplicate-target", message, hint)


def _cluster(fields: Fields) -> Cluster:
    shell = "ssh" in fields.node.items
    return Cluster(
        hostfile=fields.text("hostfile") or _NO_CLUSTER.hostfile,
        slots=fields.whole("slots", _NO_CLUSTER.slots),
        outbound=fields.flag("outbound", default=_NO_CLUSTER.outbound),
        port=fields.below("ssh").whole("port", _SHELL_PORT) if shell else 0,
    )


def _login(fields: Fields) -> Login:
    lines = (line.strip() for line in fields.text("authorizedKeys").splitlines())
    keys = tuple(line for line in lines if line and not line.startswith("#"))
    return Login(port=fields.whole("port", _LOGIN_PORT), keys=keys)


def _unfit(part: str, fields: Fields, container: Fields) -> None:
    message = f"{part} needs the network {' or '.join(_NETWORKS[part])}"
    hint, node = f"Write network: {_NETWORKS[part][0]}.", container.node.get("network")
    if node is not None:
        container.report.about(node, "excluded-field", message, hint)
    else:
        fields.exclude(part, message, hint)
