"""Which containers and volumes on an engine are ours. The same for every kind of engine.

Pure. Labels alone are not enough, for they are easily copied: what is ours has them under the
one name that they spell.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from reconciler.model.cluster import Network, network_name
from reconciler.model.identity import (
    LABEL_ATTEMPT,
    LABEL_CLAIM,
    LABEL_INSTANCE,
    LABEL_PROJECT,
    LABEL_RUN,
    LABEL_SHAPE,
    LABEL_SUBNET,
    LABEL_TASK,
    LABEL_VOLUME,
    LABEL_WORK,
    AttemptKey,
    parse_container_name,
    volume_name,
)

Labels = Mapping[str, str]
_NUMBER: Final = re.compile("[1-9][0-9]*")
_CLAIM_PREFIX: Final = "reconciler-claim."


def spelled_name(labels: Labels | None) -> str | None:
    """Return the container name that labels spell, None where one of ours is missing."""
    if not labels or LABEL_WORK not in labels or LABEL_SHAPE not in labels:
        return None
    try:
        name = (
            f"{labels[LABEL_PROJECT]}.{labels[LABEL_TASK]}.{labels[LABEL_RUN]}"
            f".{labels[LABEL_INSTANCE]}.{labels[LABEL_ATTEMPT]}"
        )
    except KeyError:
        return None
    return name if attempt_of(name) else None


@lru_cache(maxsize=16384)  # the same names come again with every list
def attempt_of(name: str) -> AttemptKey | None:
    """Return the attempt that a container name stands for, None for a foreign name."""
    parsed = parse_container_name(name)
    return parsed[1] if parsed else None


def claim_name(project: str) -> str:
    """Return the name of the volume that claims a project."""
    return f"{_CLAIM_PREFIX}{project}"


def claim_labels(project: str, labels: Labels) -> dict[str, str]:
    """Return the labels of a claim: the caller's and our marks."""
    return {LABEL_CLAIM: project, **labels, LABEL_PROJECT: project}


def is_claim(name: str, labels: Labels) -> bool:
    """Whether a volume is a claim that we put up."""
    return LABEL_CLAIM in labels and name == claim_name(labels.get(LABEL_PROJECT, ""))


def volume_labels(project: str, source: str) -> dict[str, str]:
    """Return the labels of a project's own volume."""
    return {LABEL_PROJECT: project, LABEL_VOLUME: source}


def is_own_volume(name: str, labels: Labels) -> bool:
    """Whether a volume is one that we made for instances to mount."""
    project, source = labels.get(LABEL_PROJECT), labels.get(LABEL_VOLUME)
    return bool(project and source and name == volume_name(project, source))


def network_of(name: str, labels: Labels, *, reaches: bool) -> Network | None:
    """Return the network of a run that has these labels under the name that they spell, else None.

    The label of its subnet is its maker's last word: one that lacks it is half made.
    """
    project, task = labels.get(LABEL_PROJECT, ""), labels.get(LABEL_TASK, "")
    run = labels.get(LABEL_RUN, "")
    if not project or not task or not _NUMBER.fullmatch(run):
        return None
    if name != network_name(project, task, int(run)):
        return None
    return Network(name, task, int(run), labels.get(LABEL_SUBNET, ""), reaches)


def network_labels(project: str, network: Network) -> dict[str, str]:
    """Return the labels of a network that is wholly made: what `network_of` reads."""
    own = {LABEL_PROJECT: project, LABEL_TASK: network.task, LABEL_RUN: str(network.run)}
    return own | {LABEL_SUBNET: network.subnet}
