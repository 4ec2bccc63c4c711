"""The loop with its real threads, ledger and lock, on a simulated engine."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.controller import node_watch
from reconciler.controller.core import Core
from reconciler.controller.happenings import Halt
from reconciler.controller.loop import Ending
from reconciler.controller.writing import Options, Writer, complete, gone, reconciled, writer
from reconciler.engines.engine import UnreachableError
from reconciler.engines.simulated import SimulatedEngine, World
from reconciler.engines.simulated.world import Manner
from reconciler.ledger import Ledger, LockHeld
from reconciler.model.action import InstanceState
from reconciler.model.desired import Desired, DesiredTask, Restart, Retry
from reconciler.model.fact import Result
from reconciler.model.observed import Phase, Usage
from reconciler.sources.folder import FolderSource
from tests.support.desired import make_desired, make_task


class Site:
    """A machine, a source folder and a state folder."""

    def __init__(self, folder: Path) -> None:
        self.world = World("local", time.time)
        self.world.images = {"busybox:stable": "sha256:b0"}
        self.state = folder / "state"
        self.source = folder / "source"
        self.source.mkdir()

    @contextmanager
    def open(
        self, desired: Desired, *, follow: bool = False, take_over: bool = False
    ) -> Iterator[Writer]:
        options = Options(
            verb="test",
            state=self.state,
            take_over=take_over,
            open_engine=lambda _: SimulatedEngine(self.world),
        )
        with writer(FolderSource(self.source), desired, options, follow=follow) as opened:
            yield opened

    def live(self) -> list[str]:
        boxes = self.world.boxes.values()
        return sorted(b.name for b in boxes if b.phase is Phase.RUNNING)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def service(count: int = 1) -> DesiredTask:
    return make_task("web", count, restart=Restart.ALWAYS, retry=Retry(None))


def within(opened: Writer, until: Callable[[Core], bool], seconds: float = 20) -> Ending:
    """Run the loop, halted if `until` does not come true in time."""
    timer = threading.Timer(seconds, lambda: opened.loop.put(Halt("too late")))
    timer.start()
    try:
        return opened.loop.run(until)
    finally:
        timer.cancel()


def is_live(name: str, site: Site) -> Callable[[Core], bool]:
    return lambda _: name in site.live()


def test_it_runs_until_it_is_done(site: Site) -> None:
    site.world.autoexit = lambda _: 0
    with site.open(make_desired(make_task(count=5))) as opened:
        assert within(opened, complete) is Ending.DONE
        states = {v.state for v in opened.core.all_verdicts()}
    assert states == {InstanceState.SUCCEEDED}
    assert len(site.world.journal.starts) == 5


def test_a_second_pass_changes_nothing(site: Site) -> None:
    with site.open(make_desired(service(3))) as opened:
        within(opened, complete)
    calls = len(site.world.journal.calls)
    with site.open(make_desired(service(3))) as opened:
        assert within(opened, reconciled) is Ending.DONE
        assert not opened.core.deeds
    verbs = [call.verb for call in site.world.journal.calls[calls:]]
    assert set(verbs) <= {"claim"}


def test_only_one_writes(site: Site) -> None:
    desired = make_desired(service())
    with site.open(desired), pytest.raises(LockHeld), site.open(desired):
        pass


def test_a_service_comes_back_by_its_event(site: Site) -> None:
    with site.open(make_desired(service()), follow=True) as opened:
        killed: list[str] = []

        def until(core: Core) -> bool:
            if not killed and complete(core):
                killed.extend(site.live())
                site.world.kill_by_hand("demo.web.1.0.1")
            return site.live() == ["demo.web.1.0.2"]

        assert within(opened, until) is Ending.DONE


@pytest.mark.parametrize("manner", ["crash", "kill", "stop"])
def test_what_an_engine_takes_along_has_not_succeeded(site: Site, manner: Manner) -> None:
    with site.open(make_desired(make_task()), follow=True) as opened:
        restarted: list[bool] = []

        def until(core: Core) -> bool:
            if not restarted and core.at_rest() and site.live():
                restarted.append(True)
                site.world.restart(0, manner)
            return bool(restarted) and complete(core) and not site.live()

        assert within(opened, until) is Ending.DONE
        (verdict,) = opened.core.all_verdicts()
        attempt = opened.core.history.tasks["work"].runs[1].attempts_of(0)[0]
    assert verdict.state is InstanceState.FAILED
    assert attempt.result is Result.LOST


def test_an_engine_that_goes_away_and_comes_back(site: Site) -> None:
    with site.open(make_desired(service(2)), follow=True) as opened:
        killer = threading.Timer(0.3, lambda: _away(site, seconds=1))
        killer.start()
        seen: list[bool] = []

        def until(core: Core) -> bool:
            seen.append(core.board.nodes["local"].known)
            back = False in seen and core.board.nodes["local"].known
            return back and complete(core)

        assert within(opened, until) is Ending.DONE
    assert site.live() == ["demo.web.1.0.1", "demo.web.1.1.1"]
    assert len(site.world.journal.starts) == 2


def _away(site: Site, seconds: float) -> None:
    with site.world.changed:
        site.world.unreachable = True
        site.world.ring.drop()
    threading.Timer(seconds, lambda: setattr(site.world, "unreachable", False)).start()


def test_a_claim_that_is_taken_over_ends_the_loop(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_watch, "HEALTH_SECONDS", 0.05)
    with site.open(make_desired(service()), follow=True) as opened:
        engine = SimulatedEngine(site.world)

        def until(core: Core) -> bool:
            if complete(core):
                engine.release("demo")
                engine.claim("demo", {"io.reconciler.state-id": "another"})
            return False

        assert within(opened, until) is Ending.CLAIM
        assert "not ours any more" in opened.loop.claim_refusal


def test_a_foreign_claim_refuses_before_anything_is_done(site: Site) -> None:
    SimulatedEngine(site.world).claim("demo", {"io.reconciler.source": "/theirs"})
    with site.open(make_desired(service())) as opened:
        assert within(opened, complete) is Ending.CLAIM
        assert "/theirs" in opened.loop.claim_refusal
    assert not site.world.boxes
    with site.open(make_desired(service()), take_over=True) as opened:
        assert within(opened, complete) is Ending.DONE


def test_a_request_of_another_process_is_carried_out_and_answered(site: Site) -> None:
    with site.open(make_desired(service(2)), follow=True) as opened:
        within(opened, complete)
    with site.open(make_desired(service(2)), follow=True) as opened:
        number = Ledger.append_request(site.state, "stop", {"task": "web", "instance": 1})
        assert within(opened, lambda _: site.live() == ["demo.web.1.0.1"]) is Ending.DONE
        answer = opened.ledger.answer_of(number)
    assert answer is not None
    assert answer.ok
    assert answer.message == "web/1 is stopped in run 1"


def test_destroy_takes_everything_away(site: Site) -> None:
    with site.open(make_desired(service(2), make_task())) as opened:
        within(opened, lambda _: len(site.live()) == 3)
        opened.ledger.request("destroy", {})
    with site.open(make_desired(service(2), make_task())) as opened:
        assert within(opened, gone) is Ending.DONE
    assert not site.world.boxes


def test_a_halt_leaves_the_containers_and_records_what_was_under_way(site: Site) -> None:
    with site.open(make_desired(service(3))) as opened:
        until = is_live("demo.web.1.0.1", site)
        within(opened, until)
        opened.loop.put(Halt("enough"))
    assert "demo.web.1.0.1" in site.live()


def test_a_lost_ledger_is_noticed_and_nothing_of_batch_is_created(site: Site) -> None:
    with site.open(make_desired(make_task(count=2))) as opened:
        within(opened, lambda _: len(site.live()) == 2)
    for file in site.state.iterdir():
        file.unlink()
    with site.open(make_desired(make_task(count=3), service())) as opened:
        within(opened, lambda core: core.at_rest() and "demo.web.1.0.1" in site.live())
        assert opened.core.history.lost
        assert "relearn" in opened.core.verdicts["work"][2].reason
    assert len(site.world.journal.starts) == 3


def test_one_lost_answer_does_not_end_an_apply_early(site: Site) -> None:
    lost = iter([UnreachableError("the answer was lost")])
    site.world.faults = lambda call, _, when: (
        next(lost, None) if (call, when) == ("create", "after") else None
    )
    with site.open(make_desired(service(3))) as opened:
        assert within(opened, reconciled) is Ending.DONE
    assert len(site.live()) == 3
    assert len(site.world.journal.starts) == 3


def test_an_engine_that_lists_and_hangs_on_the_rest_is_not_believed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_watch, "HEALTH_SECONDS", 0.05)
    with site.open(make_desired(service(2))) as opened:
        site.world.autoexit = lambda _: setattr(site.world, "wedged", True)
        assert within(opened, reconciled) is Ending.DONE
        verdicts = opened.core.all_verdicts()
        assert {v.state for v in verdicts} <= {InstanceState.UNKNOWN, InstanceState.PENDING}
        assert all("did not answer in time" in v.reason for v in verdicts)


def test_what_an_attempt_used_is_put_on_record(site: Site) -> None:
    with site.open(make_desired(make_task())) as opened:
        name = "demo.work.1.0.1"

        def seen_and_ended(core: Core) -> bool:
            box = site.world.boxes.get(name)
            if box is not None and box.phase is Phase.RUNNING:
                if any(glimpse.usage.memory == 700 for glimpse in core.glimpses.values()):
                    site.world.finish(name, 0)
                else:
                    site.world.use(name, Usage(2.5, 700))
            return complete(core)

        assert within(opened, seen_and_ended) is Ending.DONE
        attempt = opened.ledger.load().tasks["work"].runs[1].attempts[0][0]
        assert (attempt.cpu_seconds, attempt.peak_memory) == (2.5, 700)
    assert not (site.state / "live.json").exists()


def test_an_engine_on_its_way_out_is_not_asked_as_fast_as_it_can_refuse(site: Site) -> None:
    asked: list[str] = []

    def refuse(call: str, subject: str, when: str) -> Exception | None:
        if call != "create":
            return None
        asked.extend([subject] if when == "before" else [])
        return UnreachableError("the engine is shutting down")

    site.world.faults = refuse
    with site.open(make_desired(service())) as opened:
        assert within(opened, complete, seconds=4) is Ending.HALTED
        assert 1 < len(asked) < 10
        site.world.faults = lambda *_: None
    with site.open(make_desired(service())) as opened:
        assert within(opened, complete) is Ending.DONE
