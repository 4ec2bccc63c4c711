"""When schedules fire, by the wall clock and the machine's time zones.

Decides nothing about runs: a firing is a time, and what comes of it is for the planner. As the
cron of Debian has it, expressions whose minute or hour begins with a star go by the time that
passes, and all others by the time that clocks show: where these are put forward, such a firing
comes when they have been; where they are put back, it comes once, the first time.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, Protocol

from reconciler.controller.windows import ruling_at
from reconciler.model.calendar import Calendar, Firing, Ruling
from reconciler.model.desired import Desired, DesiredTask, Schedule
from reconciler.model.pool import DesiredPool, Policy

# By how much the wall clock strays from elapsed time before it was set, in seconds.
_STRAY: Final = 1.0
# Further than clocks are ever put back: so far ahead a search has to begin that misses nothing.
_TWICE: Final = timedelta(hours=3)


class Almanac(Protocol):
    """Who knows what the calendar says."""

    def wall(self) -> float:
        """Return the wall clock's time, epoch seconds."""

    def look(self, tasks: Iterable[DesiredTask], pools: Iterable[DesiredPool]) -> Calendar:
        """Return the present moment: when tasks with a schedule fire, what applies to pools."""


class Wall:
    """The wall clock's almanac; what was worked out holds until its next firing."""

    def __init__(self, wall: Callable[[], float]) -> None:
        """Ask `wall` for epoch seconds."""
        self.wall = wall
        self._known: dict[tuple[str, str], Firing] = {}
        self._rulings: dict[tuple[Policy, ...], tuple[float, Ruling]] = {}

    def look(self, tasks: Iterable[DesiredTask], pools: Iterable[DesiredPool]) -> Calendar:
        """Return the present moment: when tasks with a schedule fire, what applies to pools."""
        now = self.wall()
        found = {t.name: self._firing(t.schedule, now) for t in tasks if t.schedule is not None}
        return Calendar(now, found, {pool.name: self._ruling(pool, now) for pool in pools})

    def _ruling(self, pool: DesiredPool, now: float) -> Ruling:
        known = self._rulings.get(pool.policies)
        if known is None or not known[0] <= now < (known[1].until or now + 1):
            known = self._rulings[pool.policies] = now, ruling_at(pool.policies, now)
        return known[1]

    def _firing(self, schedule: Schedule, now: float) -> Firing:
        key = schedule.cron, schedule.timezone
        known = self._known.get(key)
        if known is None or not known.last <= now < (known.next or now + 1):
            known = self._known[key] = firing_at(schedule, now)
        return known


class Dates:
    """What an almanac says of a project's tasks, and whether its clock was set meanwhile."""

    def __init__(self, almanac: Almanac, now: float) -> None:
        """Begin at `now`, a time of the clock that nobody sets."""
        self._almanac = almanac
        self._lead = almanac.wall() - now
        # When it was noticed that the wall clock was set, 0.0 for never.
        self.set_at = 0.0
        self._untold = False

    def of(self, desired: Desired, only: Collection[str] | None) -> Calendar:
        """Return the present moment for tasks, None being all of them, and for all pools."""
        return self._almanac.look(scheduled(desired, only), desired.pools.values())

    def ahead(self, now: float) -> float:
        """Return by how much the wall clock is ahead of `now`; that it was set is noticed."""
        lead = self._almanac.wall() - now
        if abs(lead - self._lead) > _STRAY:
            self._lead, self.set_at, self._untold = lead, now, True
        return lead

    def moved(self, now: float) -> bool:
        """Whether dates have moved since this was asked last: the wall clock was set."""
        self.ahead(now)
        moved, self._untold = self._untold, False
        return moved


def scheduled(desired: Desired, only: Collection[str] | None = None) -> Iterator[DesiredTask]:
    """Yield the tasks that have a schedule, `only` of these names."""
    tasks = (desired.tasks.get(name) for name in (desired.tasks if only is None else only))
    return (task for task in tasks if task is not None and task.schedule is not None)


def firing_at(schedule: Schedule, now: float) -> Firing:
    """Return a schedule's firings around a time, epoch seconds."""
    zone = _zone(schedule.timezone)
    moment = datetime.fromtimestamp(int(now), zone)
    last = next((at for at in _before(schedule.cron, moment, zone) if at <= now), 0.0)
    following = next((at for at in _after(schedule.cron, moment) if at > now), 0.0)
    return Firing(last, following)


def _zone(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo  # noqa: PLC0415  # few tasks have a schedule

    return UTC if name == "UTC" else ZoneInfo(name)


def _after(cron: str, moment: datetime) -> Iterator[float]:
    from cronsim import CronSim  # noqa: PLC0415  # as above

    return (at.timestamp() for at in CronSim(cron, moment))


def _before(cron: str, moment: datetime, zone: tzinfo) -> Iterator[float]:
    """Yield firings backwards, from the next second on; where an hour comes twice, from later."""
    from cronsim import CronSim  # noqa: PLC0415  # as above

    ahead = _TWICE if moment.fold else timedelta(seconds=1)
    start = (moment.astimezone(UTC) + ahead).astimezone(zone)
    return (at.timestamp() for at in CronSim(cron, start, reverse=True))
