"""The time that planning is given: it moves on with the machine, whatever its clock is set to.

Every length of time that the reconciler measures, waits and limits alike, is a difference of
these times; they are on record, so they have to go on over a restart of the process. What joins
them to the machine's own count of seconds since it booted is therefore kept in the ledger, once
for each boot. Over a reboot, whose length nobody knows, time never goes back.
"""

import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from reconciler.ledger import Anchor, Ledger

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class SteadyClock:
    """Epoch seconds that move on with the time since boot."""

    def __init__(self, offset: float | None = None) -> None:
        """Take the epoch time of the boot; without one the wall clock's word, once."""
        self.offset = time.time() - since_boot() if offset is None else offset

    def now(self) -> float:
        """Return epoch seconds."""
        return self.offset + since_boot()


def since_boot() -> float:
    """Return the seconds since the machine booted, those in which it slept included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def clock_of(ledger: Ledger) -> SteadyClock:
    """Return the clock that a ledger's times are of, as a reader."""
    anchor = ledger.anchor()
    boot = _boot_id()
    if anchor is not None and boot and anchor.boot == boot:
        return SteadyClock(anchor.offset)
    return SteadyClock(max(time.time(), ledger.newest_time()) - since_boot())


def keep_clock(ledger: Ledger) -> SteadyClock:
    """Return the same for the writer, who puts a new boot on record."""
    clock = clock_of(ledger)
    anchor = Anchor(_boot_id(), clock.offset)
    if anchor != ledger.anchor():
        ledger.keep_anchor(anchor)
    return clock


def _boot_id() -> str:
    """Return what tells this boot from all others, empty where the system does not say."""
    with suppress(OSError):
        return _BOOT_ID.read_text().strip()
    return ""
