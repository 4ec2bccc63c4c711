"""When schedules fire: around every moment, and where clocks are put forward and back."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.controller.almanac import Wall, firing_at
from reconciler.model.calendar import Firing
from reconciler.model.desired import Schedule
from tests.support.desired import make_task

BERLIN = "Europe/Berlin"
MINUTE = 60.0
# Spring: 02:00 CET → 03:00 CEST at 01:00 UTC. Autumn: 03:00 CEST → 02:00 CET at 01:00 UTC.
SPRING, AUTUMN = "2026-03-29", "2026-10-25"


def at(text: str) -> float:
    """Return a time, UTC unless it says otherwise."""
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def shown(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def fired(cron: str, zone: str, begin: str, end: str) -> list[str]:
    """Return the firings within a span, found as time goes on, from each to the next."""
    found = []
    now, last = at(begin), at(end)
    while (now := firing_at(Schedule(cron, zone), now).next) and now <= last:
        found.append(shown(now))
    return found


def test_around_a_moment() -> None:
    hourly = Schedule("0 * * * *")
    assert firing_at(hourly, at("2026-11-22T10:30")) == Firing(
        at("2026-11-22T10:00"), at("2026-11-22T11:00")
    )
    assert firing_at(hourly, at("2026-11-22T11:00")).last == at("2026-11-22T11:00")
    assert firing_at(hourly, at("2026-11-22T11:00") - 0.001).last == at("2026-11-22T10:00")
    assert firing_at(hourly, at("2026-11-22T11:00") + 0.999).next == at("2026-11-22T12:00")


def test_a_zone_counts() -> None:
    assert shown(firing_at(Schedule("0 2 * * *", BERLIN), at("2026-07-01T12:00")).next) == (
        "2026-07-02 00:00"
    )
    assert shown(firing_at(Schedule("0 2 * * *", BERLIN), at("2026-12-01T12:00")).next) == (
        "2026-12-02 01:00"
    )


def test_a_rare_day_is_found_in_both_directions() -> None:
    leap = Schedule("0 0 29 2 *")
    assert [shown(t) for t in (firing_at(leap, at("2026-11-22")).last,
                               firing_at(leap, at("2026-11-22")).next)] == [
        "2024-02-29 00:00", "2028-02-29 00:00",
    ]  # fmt: skip


def test_where_clocks_are_put_forward_nothing_is_lost_or_doubled() -> None:
    begin, end = f"{SPRING}T00:00+01:00", f"{SPRING}T23:59+02:00"
    assert fired("30 2 * * *", BERLIN, begin, end) == [f"{SPRING} 01:00"], "when they have been"
    assert fired("0,30 2,3 * * *", BERLIN, begin, end) == [f"{SPRING} 01:00", f"{SPRING} 01:30"]
    assert len(fired("* * * * *", BERLIN, "2026-03-28T22:59", end)) == 23 * 60


def test_where_clocks_are_put_back_nothing_is_lost_or_doubled() -> None:
    begin, end = f"{AUTUMN}T00:00+02:00", f"{AUTUMN}T23:59+01:00"
    assert fired("30 2 * * *", BERLIN, begin, end) == [f"{AUTUMN} 00:30"], "the first time"
    assert len(fired("* * * * *", BERLIN, "2026-10-24T21:59", end)) == 25 * 60


@pytest.mark.parametrize("minutes", [29, 31, 59, 61, 89, 91, 119, 121])
def test_within_an_hour_that_comes_twice(minutes: int) -> None:
    now = at(f"{AUTUMN}T00:00") + minutes * MINUTE
    found = firing_at(Schedule("30 2 * * *", BERLIN), now)
    before, today = at("2026-10-24T00:30"), at(f"{AUTUMN}T00:30")
    assert found.last == (today if now >= today else before)
    assert found.next == (at("2026-10-26T01:30") if now >= today else today)


crons = st.one_of(
    st.sampled_from(["* * * * *", "*/7 * * * *", "0 */3 * * *", "15,45 1-3 * * *", "0 0 * * MON"]),
    st.builds("{} {} * * *".format, st.integers(0, 59), st.integers(0, 23)),
)
zones = st.sampled_from(["UTC", BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"])
moments = st.one_of(
    st.floats(at("2026-03-28"), at("2026-03-30")),
    st.floats(at("2026-10-24"), at("2026-10-26")),
    st.floats(at("2026-01-01"), at("2027-01-01")),
)


@settings(deadline=None, max_examples=300)
@given(crons, zones, moments)
def test_looking_back_and_ahead_agree(cron: str, zone: str, now: float) -> None:
    schedule = Schedule(cron, zone)
    found = firing_at(schedule, now)
    assert found.last <= now < found.next
    assert firing_at(schedule, found.last) == found, "the last one is one, and the same follows"
    assert firing_at(schedule, found.next).last == found.next
    assert firing_at(schedule, found.next - 0.5) == found


class Clock:
    def __init__(self) -> None:
        self.now = at("2026-11-22T10:30")

    def __call__(self) -> float:
        return self.now


def test_what_was_worked_out_holds_until_the_next_firing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    real: Callable[[Schedule, float], Firing] = firing_at

    def counted(schedule: Schedule, now: float) -> Firing:
        asked.append(now)
        return real(schedule, now)

    monkeypatch.setattr("reconciler.controller.almanac.firing_at", counted)
    clock = Clock()
    almanac = Wall(clock)
    tasks = [make_task("a", schedule=Schedule("0 * * * *")), make_task("b")]
    for minutes in (0, 20, 9):
        clock.now += minutes * MINUTE
        found = almanac.look(tasks, ())
        assert found.wall == clock.now
        assert {name: shown(f.next) for name, f in found.firings.items()} == {
            "a": "2026-11-22 11:00"
        }
    assert len(asked) == 1
    clock.now += MINUTE
    assert shown(almanac.look(tasks, ()).of("a").last) == "2026-11-22 11:00"
    clock.now -= 2 * 60 * MINUTE
    assert shown(almanac.look(tasks, ()).of("a").last) == "2026-11-22 09:00", "set back"
    assert len(asked) == 3
    assert almanac.look(tasks, ()).of("b") == Firing()
