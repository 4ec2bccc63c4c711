"""A profile's cluster and ssh, with a task's constants in place.

Decides whether they are well-formed, and which network they need. They stand beside the
container, so that no task overrides them.
"""

from typing import Final

from reconciler.manifests.constants import Constants
from reconciler.manifests.documents import Entry
from reconciler.manifests.effective import substituted
from reconciler.manifests.fields import Fields

_PROFILE_SPEC: Final = "profile#/properties/spec"
_PARTS: Final = ("cluster", "ssh")
_NETWORKS: Final = {"cluster": ("cluster",), "ssh": ("bridge", "cluster", "host")}


def check_cluster(profile: Entry, constants: Constants, container: Fields) -> None:
    """Report what is wrong with a profile's cluster and ssh, for one task and its container."""
    parts = {name: item for name, item in profile.spec.items.items() if name in _PARTS}
    if not parts:
        return
    given, report = profile.spec.like(parts), container.report
    fields = Fields(substituted(given, _PROFILE_SPEC, constants, report), report)
    for part in parts:
        if container.text("network", "none") not in _NETWORKS[part]:
            _unfit(part, fields, container)
    cluster = fields.below("cluster")
    cluster.words("masterCommand")
    cluster.words("workerCommand")
    cluster.whole("slots", 1)
    cluster.below("ssh").whole("port", 0)
    fields.below("ssh").whole("port", 0)


def _unfit(part: str, fields: Fields, container: Fields) -> None:
    message = f"{part} needs the network {' or '.join(_NETWORKS[part])}"
    hint, node = f"Write network: {_NETWORKS[part][0]}.", container.node.get("network")
    if node is not None:
        container.report.about(node, "excluded-field", message, hint)
    else:
        fields.exclude(part, message, hint)
