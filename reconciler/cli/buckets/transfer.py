"""Many objects carried from one side to the other, and how it went.

Decides what is asked of the target beforehand, and that what fails does not hold up the others.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from msgspec import Struct, field

from reconciler.buckets.bucket import Bucket, Entry
from reconciler.buckets.carrying import Carrier, Errand
from reconciler.buckets.crew import together
from reconciler.buckets.folder import FolderBucket

# From how many objects on one listing costs less than a question for each.
_MANY: Final = 20


class View(Protocol):
    """Somebody who looks on. Told from several threads."""

    def begin(self, what: str, count: int, size: int) -> None:
        """See how much there is to do."""
        ...

    def moved(self, count: int) -> None:
        """See bytes come by, a negative number when some are taken back."""
        ...

    def over(self, size: int, *, moved: bool) -> None:
        """See an object done with, one of this size, which came by or was there already."""
        ...


class Transfer(Struct, frozen=True):
    """What is to be carried from where to where. With `dry`, nothing is."""

    source: Bucket
    target: Bucket
    base: str
    errands: Sequence[Errand]
    dry: bool = False


class Outcome(Struct):
    """How it went: what was carried, what was there already, what failed and why."""

    carried: list[Errand] = field(default_factory=list)
    same: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many bytes were carried."""
        return sum(errand.entry.size for errand in self.carried)


def transfer(what: str, wanted: Transfer, view: View) -> Outcome:
    """Carry all of it, several objects at a time."""
    carrier = Carrier(wanted.source, wanted.target, view.moved)
    there = _there(wanted)
    carried: set[str] = set()

    def work(errand: Errand) -> None:
        if carrier.has(errand, there(errand.name)):
            view.over(errand.entry.size, moved=False)
            return
        carried.add(errand.name)
        if not wanted.dry:
            carrier.carry(errand)
        view.over(errand.entry.size, moved=True)

    outcome = Outcome()
    view.begin(what, len(wanted.errands), sum(errand.entry.size for errand in wanted.errands))
    for done in together(wanted.errands, work, carrier.stop):
        if done.error:
            outcome.failed.append((done.thing.name, str(done.error)))
        elif done.thing.name in carried:
            outcome.carried.append(done.thing)
        else:
            outcome.same += 1
    return outcome


def _there(wanted: Transfer) -> Callable[[str], Entry | None]:
    """Return what tells what the target has by a name."""
    if isinstance(wanted.target, FolderBucket) or len(wanted.errands) < _MANY:
        return wanted.target.look
    known: Mapping[str, Entry] = {entry.name: entry for entry in wanted.target.list(wanted.base)}
    return known.get
