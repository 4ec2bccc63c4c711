"""Which nodes do not take an instance, and the words for it, filter by filter.

Each filter looks at one node alone. Those of `STANDING` say the same all through a pass; those
of `ROOM` may refuse later what they have let pass, as room is taken, and never the reverse.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from msgspec import Struct

from reconciler.model.quantities import format_bytes, format_cpus
from reconciler.planning.fleet import Stand
from reconciler.planning.wish import Wish

# Sums of parts of a processor are exact, what is left of a whole need not be.
_TRIFLE: Final = 1e-9


class Filter(Struct, frozen=True):
    """Lets nodes pass, and words why it did not let others."""

    passes: Callable[[Stand, Wish], bool]
    words: Callable[[Sequence[Stand], Wish], str]


def fits(stand: Stand, wish: Wish) -> bool:
    """Whether there is room on a node now."""
    return all(one.passes(stand, wish) for one in ROOM)


def stands_open(stand: Stand, wish: Wish) -> bool:
    """Whether a node could take an instance if there was room."""
    return all(one.passes(stand, wish) for one in STANDING)


def explained(stands: Iterable[Stand], wish: Wish) -> str:
    """Word why none of these nodes takes an instance, each by the first filter that refused it."""
    refused: dict[int, list[Stand]] = {}
    total = 0
    chain = (*STANDING, *ROOM)
    for stand in stands:
        total += 1
        by = next((i for i, one in enumerate(chain) if not one.passes(stand, wish)), None)
        if by is not None:
            refused.setdefault(by, []).append(stand)
    said = ", ".join(chain[by].words(found, wish) for by, found in sorted(refused.items()))
    only = next(iter(refused.values()), [])
    if total == 1 and only and only[0].unknown:
        return only[0].unknown
    if not wish.pool:
        return f"fits on 0 of {total} {'node' if total == 1 else 'nodes'}: {said}"
    if not total:
        return f"pool {wish.pool} has no slot now"
    return f"fits in 0 of {total} {'slot' if total == 1 else 'slots'} of pool {wish.pool}: {said}"


def _many(found: Sequence[Stand], one: str, more: str) -> str:
    return f"{len(found)} {one if len(found) == 1 else more}"


def _labelled(stand: Stand, wish: Wish) -> bool:
    return stand.labels.issuperset(wish.labels)


def _unlabelled(found: Sequence[Stand], wish: Wish) -> str:
    lacked = {pair for stand in found for pair in set(wish.labels) - stand.labels}
    names = " or ".join(f"{name}={value}" for name, value in sorted(lacked))
    return f"{_many(found, 'lacks', 'lack')} label {names}"


def _shut(found: Sequence[Stand], _: Wish) -> str:
    reasons = Counter(stand.shut for stand in found)
    return ", ".join(
        f"{count} {reason if count == 1 else reason.replace('is ', 'are ', 1)}"
        for reason, count in sorted(reasons.items())
    )


def _cpus(stand: Stand) -> float | None:
    if stand.has.cpus is None and stand.host is not None:
        return _cpus(stand.host)
    return None if stand.has.cpus is None else stand.has.cpus - stand.taken.cpus


def _memory(stand: Stand) -> int | None:
    if stand.has.memory is None and stand.host is not None:
        return _memory(stand.host)
    return None if stand.has.memory is None else stand.has.memory - stand.taken.memory


def _gpus(stand: Stand) -> int | None:
    if stand.has.gpus is None and stand.host is not None:
        return _gpus(stand.host)
    return None if stand.has.gpus is None else stand.has.gpus - stand.taken.gpus


def _pids(stand: Stand) -> int | None:
    if stand.host is not None:  # no slot has processes of its own
        return _pids(stand.host)
    return None if stand.has.pids is None else stand.has.pids - stand.taken.pids


def _enough(left: float | None, asked: float) -> bool:
    return not asked or left is None or left + _TRIFLE >= asked


def _too_little(
    left: Callable[[Stand], float | None],
    asked: Callable[[Wish], float],
    shown: Callable[[float], str],
    name: str,
) -> Callable[[Sequence[Stand], Wish], str]:
    def words(found: Sequence[Stand], wish: Wish) -> str:
        amounts = [max(0, left(stand) or 0) for stand in found]
        most = "at most " if len({*amounts}) > 1 else ""
        there, wanted = shown(max(amounts)), shown(asked(wish))
        return f"{_many(found, 'has', 'have')} {most}{there} of {wanted} {name} left"

    return words


def _ports_free(stand: Stand, wish: Wish) -> bool:
    return not any(stand.ports[port] > 0 for port in wish.claim.ports)


def _ports_taken(found: Sequence[Stand], wish: Wish) -> str:
    taken = {p for p in wish.claim.ports for stand in found if stand.ports[p] > 0}
    names = " or ".join(f"{number}/{protocol}" for number, protocol in sorted(taken))
    return f"{_many(found, 'has', 'have')} port {names} taken"


STANDING: Final = (
    Filter(_labelled, _unlabelled),
    Filter(
        lambda s, w: not w.within or s.spec.name in w.within,
        lambda f, _: f"{_many(f, 'is', 'are')} out of reach of its network",
    ),
    Filter(lambda s, _: not s.unknown, lambda f, _: _many(f, "is unknown", "are unknown")),
    Filter(lambda s, _: not s.shut, _shut),
)
ROOM: Final = (
    Filter(
        lambda s, _: s.host is None or not s.taken.count,
        lambda f, _: _many(f, "is busy", "are busy"),
    ),
    Filter(
        lambda s, w: _enough(_gpus(s), w.claim.gpus),
        _too_little(_gpus, lambda w: w.claim.gpus, lambda n: str(int(n)), "gpus"),
    ),
    Filter(
        lambda s, w: _enough(_cpus(s), w.claim.cpus),
        _too_little(_cpus, lambda w: w.claim.cpus, format_cpus, "cpus"),
    ),
    Filter(
        lambda s, w: _enough(_memory(s), w.claim.memory),
        _too_little(_memory, lambda w: w.claim.memory, lambda n: format_bytes(int(n)), "memory"),
    ),
    Filter(
        lambda s, w: _enough(_pids(s), w.claim.pids),
        _too_little(_pids, lambda w: w.claim.pids, lambda n: str(int(n)), "pids"),
    ),
    Filter(_ports_free, _ports_taken),
)
