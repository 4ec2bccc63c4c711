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
from reconciler.manifests.guarding import Guard
from reconciler.manifests.reporting import shorten
from reconciler.model.policy import inside
from reconciler.model.spec import Cluster, InstanceSpec, Login, Port
from reconciler.model.staging import PUBLIC_KEY

NETWORK: Final = "cluster"
_PROFILE_SPEC: Final = "profile#/properties/spec"
_PARTS: Final = ("cluster", "ssh")
_NETWORKS: Final = {"cluster": ("cluster",), "ssh": ("bridge", "cluster", "host")}
_NO_CLUSTER: Final = Cluster()
_SHELL_PORT: Final = 2022
_LOGIN_PORT: Final = 22


def with_cluster(
    spec: InstanceSpec, profile: Entry, constants: Constants, container: Fields, guard: Guard
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
    if "ssh" not in parts:
        return spec
    guard.secret_file(fields.node.get("ssh", "authorizedKeysFile"))
    login = _login(fields)
    return replace(spec, ssh=login, ports=_with_port(spec, login.port, network))


def check_cluster(own: Fields, spec: InstanceSpec) -> None:
    """Report what a task whose instances work as one cannot be. Only for one without faults."""
    if spec.cluster is None:
        return
    container = own.below("container")
    about = container.node.get("network") or container.node
    restart = own.node.get("restart")
    if restart is not None and own.text("restart") == "always":
        message = "restart: always: a service has no private network, for its instances come and go"
        hint = "Use network: bridge, or let it end."
        own.report.about(restart, "excluded-field", message, hint)
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


def _login(profile: Fields) -> Login:
    fields = profile.below("ssh")
    lines = (line.strip() for line in fields.text("authorizedKeys").splitlines())
    keys = tuple(line for line in lines if line and not line.startswith("#"))
    file = fields.text("authorizedKeysFile")
    if not keys and not file:
        message = "nobody could log in: no public key is given"
        hint = "Give the constant DOCKER_SSH, or ssh.authorizedKeys in the profile."
        fields.report.warn("missing-field", *profile.node.place("ssh"), message, hint)
    for key in keys:
        if not PUBLIC_KEY.fullmatch(key):
            node = fields.node.get("authorizedKeys") or fields.node
            said = "one of them is a private key" if "PRIVATE" in key else shorten(key)
            message = f"authorizedKeys: this is no public key: {said}"
            hint = "Give the line of a file such as ~/.ssh/id_ed25519.pub."
            fields.report.about(node, "bad-format", message, hint)
            break
    return Login(port=fields.whole("port", _LOGIN_PORT), keys=keys, file=file)


def _with_port(spec: InstanceSpec, port: int, network: str) -> tuple[Port, ...]:
    """Return the ports with that of sshd among them, where only so it is reached."""
    if network == "host" or any(one.container == port for one in spec.ports):
        return spec.ports
    return (*spec.ports, Port(container=port))


def _unfit(part: str, fields: Fields, container: Fields) -> None:
    message = f"{part} needs the network {' or '.join(_NETWORKS[part])}"
    hint, node = f"Write network: {_NETWORKS[part][0]}.", container.node.get("network")
    if node is not None:
        container.report.about(node, "excluded-field", message, hint)
    else:
        fields.exclude(part, message, hint)
