"""Log lines, the live view, outcomes: what a writer says while and after it works."""

import io
import json
import sys

import pytest

from reconciler.cli import lines, outcome
from reconciler.cli.exits import Exit
from reconciler.cli.live import Live
from reconciler.cli.needs import needs_run
from reconciler.cli.telling import Log, teller
from reconciler.cli.text import columns, length, local_time, rfc3339
from reconciler.ledger import LogEntry
from reconciler.model.desired import Backoff, Restart, Retry, Schedule
from reconciler.model.plain import escape, one_line
from tests.support.desired import make_task
from tests.support.lab import Lab

ENTRY = LogEntry(at=1.5, kind="failed", message="exit code 3", level="warning", task="pi",
                 instance=3, run=1, attempt=2, node="local",
                 cause={"field": "image", "old": "a", "new": "b", "path": "p.yaml", "line": 4,
                        "column": 9})  # fmt: skip


def test_entries_as_text_and_json() -> None:
    said = lines.as_text(ENTRY)
    assert "pi/3" in said
    assert said.endswith("exit code 3 (image: a → b) p.yaml:4:9")
    plain = lines.as_json(ENTRY)
    assert (plain["at"], plain["instance"], plain["attempt"]) == ("1970-01-01T00:00:01.500Z", 3, 2)


def test_a_pipe_gets_json_lines_from_the_level_on(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    log = Log("warning")
    log.entry(LogEntry(at=0, kind="run", message="unheard"))
    assert stream.getvalue() == ""
    log.entry(ENTRY)
    said = json.loads(stream.getvalue())
    assert (said["event"], said["level"], said["task"], said["instance"]) == (
        "exit code 3", "warning", "pi", 3,
    )  # fmt: skip


def test_calls_are_logged_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    lab = Lab(make_task())
    log = Log("debug")
    lab.driver.look()
    while lab.driver.step():
        log.turn(lab.core)
    log.turn(lab.core)
    said = [json.loads(line)["event"] for line in stream.getvalue().splitlines()]
    assert said == ["pull image:local:busybox:stable", "create demo.work.1.0.1",
                    "start demo.work.1.0.1"]  # fmt: skip


def test_pipes_have_no_live_view() -> None:
    assert isinstance(teller(quiet=False, verbose=False), Log)


def test_the_live_view_opens_with_the_first_call(capsys: pytest.CaptureFixture[str]) -> None:
    lab = Lab(make_task(count=3))
    live = Live()
    live.turn(lab.core)
    before = live.open
    lab.core.turn()
    live.turn(lab.core)
    after = live.open
    live.entry(ENTRY)
    live.close()
    assert (before, after) == (False, True)
    assert "exit code 3" in capsys.readouterr().out


def test_outcome_of_success(capsys: pytest.CaptureFixture[str]) -> None:
    lab = Lab(make_task(count=2))
    lab.settle()
    outcome.show(lab.core)
    shown = capsys.readouterr().out
    assert "2 running" in shown
    assert "2 instances in 1 task: 2 created, 2 started" in shown
    assert outcome.code_of(lab.core, wait=True) is Exit.DONE


def test_failures_count_only_when_waited_for() -> None:
    lab = Lab(make_task())
    lab.settle()
    lab.world.finish(lab.live()[0], 1)
    lab.settle()
    assert outcome.code_of(lab.core, wait=False) is Exit.DONE
    assert outcome.code_of(lab.core, wait=True) is Exit.FAILED


def test_what_is_blocked_fails_and_says_why_once() -> None:
    lab = Lab(make_task(count=3, spec={"image": "gone:1"}))
    lab.world.in_registry = lambda _: False
    lab.settle()
    assert outcome.code_of(lab.core, wait=False) is Exit.FAILED
    assert outcome.obstacles(lab.core) == [
        "work/0 and 2 more: could not pull gone:1: there is no such image"
    ]


def test_holds_and_empty_sources_wait_for_a_person() -> None:
    lab = Lab(make_task(count=8))
    lab.settle()
    lab.apply(make_task("other"))
    assert outcome.code_of(lab.core, wait=True) is Exit.HELD
    assert outcome.obstacles(lab.core) == []
    lab = Lab(make_task())
    lab.settle()
    lab.apply(prunable=False)
    assert outcome.code_of(lab.core, wait=True) is Exit.HELD
    assert "destroy" in outcome.waits_for_person(lab.core)[0]


def test_what_needs_run_is_said_in_a_line() -> None:
    lab = Lab(
        make_task("web", 2, restart=Restart.ALWAYS, retry=Retry(None)),
        make_task("queue", 3, parallelism=1),
        make_task("flaky", retry=Retry(2, Backoff(initial=60))),
        make_task("plain"),
    )
    lab.settle()
    lab.world.finish("demo.flaky.1.0.1", 1)
    lab.settle()
    assert needs_run(lab.core) == (
        "From now on `reconciler run` is needed for: 1 retry due, "
        "2 instances waiting for a free place, bringing 2 service instances back."
    )
    lab = Lab(make_task("plain"))
    lab.settle()
    assert needs_run(lab.core) == ""
    lab.apply(make_task("plain", timeout=60.0))
    assert needs_run(lab.core) == (
        "From now on `reconciler run` is needed for: the timeout of 1 running instance."
    )


def test_foreign_text_is_harmless() -> None:
    assert escape("a\x1b[31m\r\nb\tc\x9b\u202e") == "a\\x1b[31m\nb\tc\\x9b\\u202e"
    assert one_line(" a\nb\t") == "a ↵ b"
    assert columns([["a\x1b", "b"], ["ccc", ""]], {}) == ["a\\x1b  b", "ccc"]


def test_times() -> None:
    assert rfc3339(0) is None
    assert rfc3339(1_000_000.25) == "1970-01-12T13:46:40.250Z"
    assert local_time(0) == "never"
    assert [length(s) for s in (0.25, 5, 65, 3_700, 90_061)] == [
        "200ms", "5s", "1m5s", "1h1m", "1d1h",
    ]  # fmt: skip


def test_schedules_need_run() -> None:
    lab = Lab(make_task(schedule=Schedule("0 * * * *")))
    lab.settle()
    assert needs_run(lab.core) == (
        "From now on `reconciler run` is needed for: the firings of 1 scheduled task."
    )
