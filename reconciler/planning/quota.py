"""What all instances of a project may take at once, and why one more would be too much.

Decides by what is taken on all nodes. An instance that sets no limit of what is bounded could
take all of it, and takes none.
"""

from collections.abc import Callable, Iterator
from typing import Final

from reconciler.model.claim import Claim, Taken
from reconciler.model.policy import Maximum
from reconciler.model.quantities import format_bytes, format_cpus

_WAITS: Final = "waits for the project's quota"


def over_count(quota: Maximum, taken: Taken) -> str:
    """Return why an instance has to wait that takes nothing but a share that is taken already."""
    return over_quota(Maximum(instances=quota.instances), taken, Claim())


def over_quota(quota: Maximum, taken: Taken, claim: Claim) -> str:
    """Return why an instance has to wait for the quota, empty where it has not."""
    return next(_refusals(quota, taken, claim), "")


def _refusals(quota: Maximum, taken: Taken, claim: Claim) -> Iterator[str]:
    if quota.instances is not None and taken.count >= quota.instances:
        yield f"{_WAITS}: {taken.count} of {quota.instances} instances are taken"
    yield from _one("cpus", quota.cpus, taken.cpus, claim.cpus, format_cpus)
    yield from _one("memory", quota.memory, taken.memory, claim.memory, _bytes)
    if claim.gpus:
        yield from _one("gpus", quota.gpus, taken.gpus, claim.gpus, _whole)


def _one(
    name: str, limit: float | None, taken: float, asked: float, shown: Callable[[float], str]
) -> Iterator[str]:
    if limit is None:
        return
    if not asked:
        yield f"sets no limit of {name}, which the project's quota bounds"
    elif taken + asked > limit:
        used, most, more = shown(taken), shown(limit), shown(asked)
        yield f"{_WAITS}: {used} of {most} {name} are taken, and it asks for {more}"


def _bytes(amount: float) -> str:
    return format_bytes(int(amount))


def _whole(amount: float) -> str:
    return str(int(amount))
