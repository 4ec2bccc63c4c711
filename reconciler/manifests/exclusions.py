"""Fields of a task that exclude each other, or that do not fit what others say.

Decides what a service has not, and what a batch task has not. What a task says itself switches
off those defaults of its profile that it excludes: only what somebody wrote is complained of.
"""

from typing import Final

from reconciler.manifests.confidential import secret_targets
from reconciler.manifests.documents import items_of
from reconciler.manifests.fields import Fields
from reconciler.manifests.own_fields import is_gang
from reconciler.manifests.paths import check_absolute
from reconciler.manifests.reporting import Report
from reconciler.manifests.tree import Mapping, Scalar
from reconciler.model.policy import inside
from reconciler.model.spec import Mount

_ALWAYS: Final = "always"
_ENDLESS: Final = {
    "schedule": "a service runs all the time",
    "success": "a service never ends",
    "timeout": "a service may run for ever",
    "ttl": "a service never ends",
}
_NEEDED: Final = {"schedule": ("cron",), "outputs": ("bucket", "source")}
_FALSE: Final = (None, False)


def settle(tree: Mapping, own: Mapping, report: Report | None) -> None:
    """Remove the profile's defaults that the task excludes, and report what it says itself.

    `own` is what the task itself says. Nothing is reported where `report` is None.
    """
    for name, message, hint in _excluded(tree):
        if name in own.items or "restart" not in own.items:
            if report is not None:
                Fields(tree, report).exclude(name, message, hint)
        else:
            del tree.items[name]


def _excluded(tree: Mapping) -> list[tuple[str, str, str]]:
    if tree.text("restart") == _ALWAYS:
        hint = "Remove it, or restart: always."
        found = [(name, f"{name}: {why}", hint) for name, why in _ENDLESS.items()]
        if _plain(tree, "cache") not in _FALSE:
            found.append(("cache", "cache: a service completes nothing", hint))
        if tree.text("onChange") == "finish":
            found.append(("onChange", "onChange: a service never ends by itself", hint))
        if tree.text("onScale") == "rerun":
            found.append(("onScale", "onScale: a service completes nothing", hint))
    else:
        hint = "Remove it, or give restart: always."
        found = [("rollout", "rollout: only services are replaced one by one", hint)]
    return [entry for entry in found if entry[0] in tree.items]


def check_together(own: Fields, count: int, mounts: tuple[Mount, ...]) -> None:
    """Report what fields mean to each other. Only for a task without other faults."""
    _check_needed(own)
    _check_success(own, count)
    _check_gang(own, count)
    _check_surge(own)
    _check_pool(own)
    _check_targets(own, mounts)
    _check_cache(own, mounts)


def _check_needed(own: Fields) -> None:
    """Report what neither the task nor its profile gives, though one of them has to."""
    for owner, names in _NEEDED.items():
        missing = set(names) - own.below(owner).node.items.keys()
        for name in sorted(missing) if owner in own.node.items else ():
            at, pointer = own.node.place(owner)
            message, hint = f"{name} is missing in {owner}", "Give it here or in the profile."
            own.report.error("missing-field", at, pointer, message, hint)


def _check_success(own: Fields, count: int) -> None:
    fields = own.below("success")
    wanted, node = fields.whole("minSucceeded", 0), fields.node.get("minSucceeded")
    if node is not None and wanted > count:
        message = f"minSucceeded: {wanted} is more than the {count} instances that there are"
        own.report.about(node, "out-of-range", message, "Lower it, or add instances.")


def _check_gang(own: Fields, count: int) -> None:
    node, most = own.node.get("parallelism"), own.whole("parallelism", count)
    gang = is_gang(own)
    if gang and node is not None and most < count:
        message = f"parallelism: {most} lets no gang of {count} instances start together"
        hint = "Raise it, or remove one of parallelism and placement.gang."
        own.report.about(node, "excluded-field", message, hint)
    rollout = own.below("rollout")
    surge = rollout.node.get("maxSurge")
    if gang and surge is not None and rollout.whole("maxSurge", 0):
        message = "maxSurge: a gang is replaced as a whole"
        hint = "Remove one of rollout.maxSurge and placement.gang."
        own.report.about(surge, "excluded-field", message, hint)


def _check_cache(own: Fields, mounts: tuple[Mount, ...]) -> None:
    """Warn where equal work may come to something else, or where there is none to take over."""
    if not own.flag("cache", default=False):
        return
    network = own.below("container").text("network") or "none"
    outside = [f"network {network}"] if network != "none" else []
    outside += [f"the {one.type} at {one.target}" for one in mounts if one.type != "tmpfs"]
    place = own.node.place("cache")
    if is_gang(own):
        message = "cache: the instances of a gang have no results of their own to take over"
        own.report.warn("unsure-cache", *place, message, "Remove it, or placement.gang.")
    elif outside:
        message = f"cache: what comes by {' and '.join(outside)} is not compared"
        hint = "Give data as inputs; or leave it so where that cannot change what it comes to."
        own.report.warn("unsure-cache", *place, message, hint)


def _check_surge(own: Fields) -> None:
    fields = own.below("rollout")
    ports = items_of(own.node.get("container", "ports"))
    fixed = next((port for port in ports if Fields(port, own.report).whole("host", 0)), None)
    node = fields.node.get("maxSurge")
    if node is not None and fixed is not None and fields.whole("maxSurge", 0):
        message = f"maxSurge: a second container cannot have the host port {fixed.text('host')} too"
        hint = "Remove it, or let the engine choose the host port."
        own.report.about(node, "excluded-field", message, hint)


def _check_pool(own: Fields) -> None:
    placement = own.below("placement")
    if "pool" in own.node.items and placement.below("nodes").node.items:
        message = "placement.nodes: the slots of a pool are where they are"
        placement.exclude("nodes", message, "Remove it, or the pool.")


def _check_targets(own: Fields, mounts: tuple[Mount, ...]) -> None:
    """Report data and secrets that would lie in a mount, and outputs from memory."""
    data = [Fields(node, own.report) for node in items_of(own.node.get("inputs"))]
    targets = [(check_absolute(fields, "target"), fields) for fields in data]
    for target, fields in [*targets, *secret_targets(own)]:
        for mount in mounts:
            if inside(target, mount.target):
                message = f"the target {target} lies in the mount {mount.target}"
                about = fields.node.get("target") or fields.node
                own.report.about(about, "duplicate-target", message, "Choose another one.")
    _check_sets(targets)
    source, outputs = check_absolute(own.below("outputs"), "source"), own.below("outputs")
    for mount in mounts:
        if mount.type == "tmpfs" and source and inside(source, mount.target):
            message = f"what is in the tmpfs {mount.target} is gone when the program ends"
            about = outputs.node.get("source") or outputs.node
            own.report.about(about, "excluded-field", message, "Collect from another folder.")


def _check_sets(targets: list[tuple[str, Fields]]) -> None:
    """Report inputs that share a target and are not alike, or that lie in what is read-only."""
    known: dict[str, bool] = {}
    for target, fields in targets:
        about, read_only = fields.node.get("target") or fields.node, _is_read_only(fields)
        if known.setdefault(target, read_only) != read_only:
            message = f"readOnly: other inputs at {target} say otherwise"
            hint = "What has one target is shared as a whole, or copied as a whole."
            fields.report.about(about, "excluded-field", message, hint)
    for target, fields in targets:
        around = (other for other in known if other != target and inside(target, other))
        for other in (other for other in around if known[other]):
            about = fields.node.get("target") or fields.node
            message = f"the target {target} lies in {other}, which is read-only"
            fields.report.about(about, "duplicate-target", message, "Choose another one.")


def _is_read_only(fields: Fields) -> bool:
    return fields.flag("readOnly", default=False)


def _plain(tree: Mapping, name: str) -> object:
    node = tree.get(name)
    return node.plain if isinstance(node, Scalar) else None
