"""Which data a node keeps for later, and which go for others that are needed now.

The limit is for what is kept: what is in use, or about to be, stays even where that is more.
"""

from collections.abc import Iterable

from reconciler.model.data import Stored, Use


def surplus(
    stored: Iterable[Stored], uses: Iterable[Use], coming: int, limit: int
) -> tuple[str, ...]:
    """Return the keys of the data that go so that `coming` more bytes fit in, in their order.

    Those go first that have not been of use for longest. What nothing is known of was last of use
    when it was stored.
    """
    there, needed, last = list(stored), set[str](), dict[str, float]()
    for use in uses:
        last[use.key] = max(use.at, last.get(use.key, 0.0))
        needed |= {use.key} if use.needed else set()
    excess = sum(one.size for one in there) + coming - limit
    going = []
    for one in sorted(there, key=lambda one: (last.get(one.key, one.since), one.key)):
        if excess > 0 and not one.used and one.key not in needed:
            going.append(one.key)
            excess -= one.size
    return tuple(going)
