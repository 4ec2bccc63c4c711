"""Which scaling policy applies: windows by the clocks of their zones, in weeks of clock changes."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.controller.windows import ruling_at
from reconciler.model.pool import Policy, Window
from tests.support.desired import make_pool
from tests.support.many import Many

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Policy(
    name="office",
    window=Window(days=(0, 1, 2, 3, 4), begin=8 * 60, end=18 * 60, timezone="Europe/Berlin"),
    slots=3,
)
NIGHT = Policy(
    name="night",
    window=Window(days=(5, 6), begin=22 * 60, end=6 * 60, timezone="Europe/Berlin"),
    slots=1,
)
REST = Policy(name="rest", slots=0)


def at(text: str, zone: ZoneInfo = BERLIN) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def applies(text: str, *policies: Policy) -> str:
    return ruling_at(policies, at(text)).policy


@pytest.mark.parametrize(
    ("when", "policy"),
    [
        ("2026-03-27 07:59:59", "rest"),
        ("2026-03-27 08:00", "office"),
        ("2026-03-27 17:59:59", "office"),
        ("2026-03-27 18:00", "rest"),
        ("2026-03-28 08:00", "rest"),
        ("2026-03-28 22:00", "night"),
        ("2026-03-29 05:59", "night"),  # the night in which an hour is left out
        ("2026-03-29 06:00", "rest"),
        ("2026-03-29 23:00", "night"),
        ("2026-03-30 05:59", "night"),  # of Sunday's window, though it is Monday
        ("2026-03-30 06:00", "rest"),
        ("2026-03-30 08:00", "office"),
    ],
)
def test_the_first_policy_whose_window_it_is(when: str, policy: str) -> None:
    assert applies(when, OFFICE, NIGHT, REST) == policy


def test_the_earlier_of_two_wins_and_without_any_none_applies() -> None:
    always = Policy(name="always", slots=1)
    assert applies("2026-03-27 12:00", always, OFFICE) == "always"
    assert applies("2026-03-28 12:00", OFFICE) == ""


def test_what_always_applies_has_no_end() -> None:
    assert ruling_at((REST,), 0.0).until == 0.0


@pytest.mark.parametrize(
    ("begin", "end", "opens", "closes"),
    [
        # The clock goes from 2:00 to 3:00 (CET, CEST), so that 2:30 is left out.
        ("02:30", "04:00", "2026-03-29 03:00+02:00", "2026-03-29 04:00+02:00"),
        ("01:00", "02:30", "2026-03-29 01:00+01:00", "2026-03-29 03:00+02:00"),
        # The clock goes from 3:00 to 2:00, so that 2:30 comes twice.
        ("02:30", "04:00", "2026-10-25 02:30+02:00", "2026-10-25 04:00+01:00"),
        ("01:00", "02:30", "2026-10-25 01:00+02:00", "2026-10-25 02:30+02:00"),
    ],
)
def test_hours_that_are_left_out_and_hours_that_come_twice(
    begin: str, end: str, opens: str, closes: str
) -> None:
    minutes = [int(text[:2]) * 60 + int(text[3:]) for text in (begin, end)]
    policy = Policy(name="w", window=Window((6,), minutes[0], minutes[1], "Europe/Berlin"), slots=1)
    first, last = (datetime.fromisoformat(text).timestamp() for text in (opens, closes))
    seen = [ruling_at((policy,), t) for t in (first - 1, first, last - 1, last)]
    assert [ruling.policy for ruling in seen] == ["", "w", "w", ""]
    assert [ruling.until for ruling in seen[:3]] == [first, last, last]


def test_a_pool_over_a_week_in_which_the_clock_is_changed() -> None:
    many = Many("a")
    many.now = at("2026-10-22 00:00")  # a Thursday; the clock is put back on Sunday
    many.crash()
    many.open(make_pool(command=(), policies=(OFFICE, NIGHT, REST), per_node=3))
    changes: list[tuple[str, int]] = []
    end = at("2026-10-29 00:00")
    while (wake := many.core.wake_at()) is not None and wake < end:
        before = len(many.slots())
        many.wait(wake - many.now)
        if len(many.slots()) != before:
            local = datetime.fromtimestamp(many.now, BERLIN)
            changes.append((f"{local:%a %H:%M}", len(many.slots())))
    days = ["Thu", "Fri", "Mon", "Tue", "Wed"]
    expected = [(f"{day} {hour}", n) for day in days for hour, n in (("08:00", 3), ("18:00", 0))]
    nights = [("Sat 22:00", 1), ("Sun 06:00", 0), ("Sun 22:00", 1), ("Mon 06:00", 0)]
    assert changes == [*expected[:4], *nights, *expected[4:]]
    assert many.told("pool")[:3] == [
        "pool pool: policy rest applies",
        "pool pool: policy office applies",
        "pool pool: policy rest applies",
    ]
    hours = (at("2026-10-25 06:00") - at("2026-10-24 22:00")) / 3600
    assert hours == 9  # a night of nine hours, by the clock of eight


ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "America/Sao_Paulo"]
windows = st.builds(
    Window,
    days=st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))),
    begin=st.integers(0, 24 * 60 - 1),
    end=st.integers(1, 24 * 60),
    timezone=st.sampled_from(ZONES),
).filter(lambda window: window.begin != window.end)


@given(
    st.lists(windows, min_size=1, max_size=3),
    st.datetimes(datetime(2015, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001  # made UTC below
)
def test_nothing_changes_before_it_is_time_to_ask_again(
    spans: list[Window], moment: datetime
) -> None:
    policies = tuple(Policy(name=f"p{n}", window=w, slots=n) for n, w in enumerate(spans))
    now = moment.replace(tzinfo=UTC).timestamp()
    ruling = ruling_at(policies, now)
    assert now < ruling.until <= now + timedelta(days=9).total_seconds()
    for share in (0.0, 0.3, 0.7, 0.999):
        between = now + (ruling.until - now) * share
        assert ruling_at(policies, between) == ruling
