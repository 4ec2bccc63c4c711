"""How often is too often: a bucket of tokens for each address, and one for all together.

Decides from the times it is told. Forgets who has not been heard of for long, so that made-up
addresses cost no memory.
"""

from collections import OrderedDict
from typing import Final

from msgspec import Struct

_ADDRESSES: Final = 4096


class Rate(Struct, frozen=True, kw_only=True):
    """How much is taken at once, and how much each second from then on: from one, from all."""

    burst_each: int = 600
    each: float = 100.0
    burst_all: int = 2400
    all: float = 400.0


class _Bucket(Struct):
    left: float
    at: float

    def take(self, now: float, burst: float, refill: float) -> bool:
        self.left = min(burst, self.left + max(0.0, now - self.at) * refill)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class Allowance:
    """Counts requests against a rate."""

    def __init__(self, rate: Rate) -> None:
        """Begin with all buckets full."""
        self._rate = rate
        self._all = _Bucket(rate.burst_all, 0.0)
        self._each: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, peer: str, now: float) -> bool:
        """Whether one more request of `peer` is all right at monotonic time `now`."""
        bucket = self._each.setdefault(peer, _Bucket(self._rate.burst_each, now))
        self._each.move_to_end(peer)
        if len(self._each) > _ADDRESSES:
            self._each.popitem(last=False)
        # One that asks too often uses up its own share alone.
        return bucket.take(now, self._rate.burst_each, self._rate.each) and self._all.take(
            now, self._rate.burst_all, self._rate.all
        )
