"""What a soak has shown: figures, and a claim for each promise. Pure."""

from collections import Counter
from collections.abc import Callable, Sequence

from msgspec import Struct, field

from tests.benchmarks.table import Claim, Figure, Item
from tests.soak.edits import Deed
from tests.soak.vitals import Vitals

HEALTH_SECONDS = 10.0
_MOST_GROWTH = 5.0  # percent
# Connections to the engine are made when they are first needed, one for each thread, and stay.
_CONNECTIONS = 4
_ENDS = 20  # of so many samples one is the beginning, one the end
# And so many at least are either: what goes again within a moment may be there for some in a row.
_LEAST = 12
_SHOWN = 8


class Sample(Struct, frozen=True):
    """What was seen after so many polls."""

    polls: int
    vitals: Vitals


class Course(Struct):
    """All that was seen. Samples after `settled` polls count; `resync` and `seconds` in seconds.

    `stray` are engine calls, beyond the watch's own, from stretches in which no commit asked for
    any. `lists` and `health` are the watch's own calls, which go by the clock.
    """

    settled: int
    resync: float
    samples: list[Sample] = field(default_factory=list)
    expected: Counter[Deed] = field(default_factory=Counter)
    seen: Counter[Deed] = field(default_factory=Counter)
    stray: list[str] = field(default_factory=list)
    lists: int = 0
    health: int = 0
    commits: int = 0
    commits_read: int = 0
    last_in_force: bool = False
    seconds: float = 0.0

    @property
    def polls(self) -> int:
        """How often the remote was looked at."""
        return self.samples[-1].polls if self.samples else 0


def judge(course: Course) -> Item:
    """Return figures and claims, to be shown as a table."""
    title = f"{course.polls} polls and {course.commits} commits in {course.seconds:.0f} s"
    item = Item("soak", title)
    counted = [s for s in course.samples if s.polls >= course.settled] or course.samples[-1:]
    item.figures += [_figure(name, unit, counted, look) for name, unit, look in _LOOKS]
    memory = [sample.vitals.memory for sample in counted]
    grown = (max(memory) / memory[0] - 1) * 100
    text = f"memory after {course.settled} polls, growth"
    item.claims.append(Claim(text, grown, "%", _MOST_GROWTH))
    for name, _, look in _LOOKS[1:]:
        most = _CONNECTIONS if name == "open files" else 0
        item.claims.append(Claim(f"{name}, more at the end", _more(counted, look), "", most))
    item.claims += _claims(course)
    item.notes += _notes(course)
    return item


def misses(item: Item) -> list[str]:
    """Return a sentence for each promise that was not kept."""
    return [
        f"{claim.text}: {claim.value:g}{f' {claim.unit}' if claim.unit else ''}, and at most "
        f"{claim.target:g} is allowed"
        for claim in item.claims
        if claim.met is False
    ]


_LOOKS: tuple[tuple[str, str, Callable[[Vitals], int]], ...] = (
    ("memory", "kB", lambda v: v.memory),
    ("open files", "", lambda v: v.files),
    ("threads", "", lambda v: v.threads),
    ("child processes", "", lambda v: v.children),
    ("zombies", "", lambda v: v.zombies),
)


def _figure(
    name: str, unit: str, samples: Sequence[Sample], look: Callable[[Vitals], int]
) -> Figure:
    return Figure(name, unit, tuple(float(look(sample.vitals)) for sample in samples))


def _more(samples: Sequence[Sample], look: Callable[[Vitals], int]) -> float:
    """Return by how much the floor has risen: what git and workers take for a moment goes again."""
    size = max(-(-len(samples) // _ENDS), min(_LEAST, len(samples) // 2), 1)
    first, last = samples[:size], samples[-size:]
    floor = min(look(sample.vitals) for sample in first)
    return max(0.0, min(look(sample.vitals) for sample in last) - floor)


def _claims(course: Course) -> list[Claim]:
    wrong = (course.seen - course.expected) + (course.expected - course.seen)
    due = course.seconds / course.resync + 2  # at the start, and once the events are subscribed to
    return [
        Claim("events that no commit caused, or that are missing", wrong.total(), "", 0),
        Claim("engine calls of polls without news", len(course.stray), "", 0),
        Claim("lists for each resync that was due", course.lists / due, "", 1.0),
        Claim("health checks for each that was due",
              course.health / (course.seconds / HEALTH_SECONDS + 1), "", 1.0),
        Claim("last commit not in force", float(not course.last_in_force), "", 0),
    ]  # fmt: skip


def _notes(course: Course) -> list[str]:
    notes = [
        f"{course.commits_read} of {course.commits} commits were read one by one",
        f"the engine told of {course.seen.total()} events, {course.expected.total()} expected",
        f"{course.lists} lists and {course.health} health checks, by the clock",
    ]
    surplus, lack = course.seen - course.expected, course.expected - course.seen
    notes += [f"nobody asked for: {a} of {t}/{n}" for a, t, n in [*surplus][:_SHOWN]]
    notes += [f"missing: {a} of {t}/{n}" for a, t, n in [*lack][:_SHOWN]]
    return notes + [f"without news: {call}" for call in course.stray[:_SHOWN]]
