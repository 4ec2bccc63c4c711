"""Which scaling policy applies at a time, by the windows in which they do.

Decides by the clocks of the windows' time zones. A window begins and ends at a time of day, as
often as that day has it: where an hour comes twice, at the first; where it is left out, at once
when it would have been. Must not know what a policy asks for.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo

from reconciler.model.calendar import Ruling
from reconciler.model.pool import Policy, Window

_DAY = 24 * 60
_AHEAD = 9  # days: a window of one day of the week comes again within eight


def ruling_at(policies: Iterable[Policy], wall: float) -> Ruling:
    """Return the first policy whose window it is at a time, epoch seconds, and when to ask again.

    That is when any window begins or ends next.
    """
    policies = tuple(policies)
    windows = [p.window for p in policies if p.window is not None]
    times = [at for window in windows for span in _spans(window, wall) for at in span if at > wall]
    applies = (p.name for p in policies if p.window is None or _is_open(p.window, wall))
    return Ruling(next(applies, ""), min(times, default=0.0))


def _is_open(window: Window, wall: float) -> bool:
    return any(begin <= wall < end for begin, end in _spans(window, wall))


def _spans(window: Window, wall: float) -> Iterator[tuple[float, float]]:
    """Yield when a window begins and ends, from the day before a time on."""
    zone = _zone(window.timezone)
    today = datetime.fromtimestamp(wall, zone).date()
    overnight = _DAY if window.end <= window.begin else 0
    for ahead in range(-1, _AHEAD):
        day = today + timedelta(days=ahead)
        if day.weekday() in window.days:
            begin = _moment(day, window.begin, zone)
            end = _moment(day, window.end + overnight, zone)
            if begin < end:
                yield begin, end


def _moment(day: date, minute: int, zone: tzinfo) -> float:
    """Return when a minute of a day is, or, where the clock leaves it out, when it does that."""
    local = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(minutes=minute)
    early, late = (local.replace(fold=fold).timestamp() for fold in (1, 0))
    if early >= late:  # there is no gap: of two times the first
        return min(early, late)
    naive, step = local.replace(tzinfo=None), int(early)
    while datetime.fromtimestamp(step, zone).replace(tzinfo=None) < naive:
        step += 60
    return float(step)


def _zone(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo  # noqa: PLC0415  # few pools have a window

    return UTC if name == "UTC" else ZoneInfo(name)
