"""A short soak, and that a promise which is not kept would be told. `make soak` is the long one."""

from collections import Counter
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.soak.calls import LIST, Calls
from tests.soak.edits import Edits
from tests.soak.judging import Course, Sample, judge, misses
from tests.soak.running import soaking
from tests.soak.vitals import Vitals
from tests.support.proxy import Request

CALM = Vitals(memory=60_000, files=20, threads=10, children=0, zombies=0)


@pytest.mark.docker
@pytest.mark.timeout(600)
def test_polls_and_commits_leave_nothing_behind(tmp_path: Path) -> None:
    with soaking(tmp_path, polls=600, commits=40) as soak:
        course = soak.run(lambda _: None)
    assert misses(judge(course)) == [], course.stray
    assert (course.commits, course.polls >= 600) == (40, True)
    assert course.seen.total() > 20


def passed(last: Vitals = CALM, **fields: object) -> Course:
    """Return the course of a soak in which all went well, but for what is given."""
    samples = [Sample(polls, CALM) for polls in range(0, 1000, 10)]
    samples += [Sample(polls, last) for polls in range(1000, 2000, 10)]
    deeds = Counter({("create", "web", 0): 2})
    given = {"expected": deeds, "seen": deeds, "last_in_force": True, "lists": 20, "health": 10}
    return Course(500, 5.0, samples, commits=9, seconds=100.0, **{**given, **fields})  # type: ignore[arg-type]  # as above


def test_nothing_is_missed_where_all_went_well() -> None:
    assert misses(judge(passed(replace(CALM, memory=62_900)))) == []


@pytest.mark.parametrize(
    ("course", "told"),
    [
        (passed(replace(CALM, memory=63_100)), "memory after 500 polls, growth: 5.16"),
        (passed(replace(CALM, files=25)), "open files, more at the end: 5"),
        (passed(replace(CALM, threads=12)), "threads, more at the end: 2"),
        (passed(replace(CALM, children=1)), "child processes, more at the end: 1"),
        (passed(replace(CALM, zombies=3)), "zombies, more at the end: 3"),
        (passed(seen=Counter({("create", "web", 0): 3})), "events that no commit caused"),
        (passed(seen=Counter({("create", "web", 0): 1})), "or that are missing: 1"),
        (passed(stray=["GET /containers/x/json"]), "engine calls of polls without news: 1"),
        (passed(lists=44), "lists for each resync that was due: 2"),
        (passed(health=22), "health checks for each that was due: 2"),
        (passed(last_in_force=False), "last commit not in force: 1"),
    ],
)
def test_what_is_missed_is_told(course: Course, told: str) -> None:
    (sentence,) = misses(judge(course))
    assert told in sentence


def test_a_call_is_a_commits_from_the_commit_until_all_has_happened() -> None:
    made = [Request("POST", "/containers/create", 0.0)]
    calls = Calls(made)
    calls.begin()
    assert calls.stray == ["POST /containers/create"]
    made += [Request("POST", "/containers/x/start", 0.0), Request(*LIST, 0.0)]
    calls.look(happened=False)
    made += [Request("GET", "/containers/x/logs", 0.0)]
    for _ in range(6):
        calls.look(happened=True)
    assert not calls.at_work
    made += [Request(*LIST, 0.0), Request("DELETE", "/containers/x", 0.0)]
    calls.look(happened=True)
    assert calls.stray[1:] == ["DELETE /containers/x"]


def test_what_is_broken_is_mended_by_the_next_commit() -> None:
    edits = Edits()
    edits.first()
    kinds = [edits.next().kind for _ in range(60)]
    assert {"broken", "moved", "replaced", "raised", "lowered"} <= set(kinds)
    broken = [number for number, kind in enumerate(kinds) if kind == "broken"]
    assert {kinds[number + 1] for number in broken} == {"mended"}
