"""An engine that is missing, wedged, gone for a while, or that loses answers."""

from collections.abc import Iterator

import pytest

from tests.e2e.project import Project, service, task
from tests.support.process import always, eventually
from tests.support.proxy import Proxy

pytestmark = pytest.mark.docker


@pytest.fixture
def engine(project: Project) -> Iterator[Proxy]:
    """An engine of the project's own, which can be broken."""
    proxy = Proxy(project.home / "engine.sock")
    project.reconciler.env["DOCKER_HOST"] = proxy.url
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()


def test_no_engine_is_a_sentence(project: Project) -> None:
    nowhere = f"unix://{project.home}/none.sock"
    project.reconciler.env["DOCKER_HOST"] = nowhere
    project.declare(task("work"))
    for verb in ("apply", "plan"):
        done = project.reconciler(verb).ends(1)
        assert f"no Docker Engine runs at {nowhere}" in done.said
    project.reconciler("validate").ends(0)
    status = project.reconciler("status", "--format", "json").json()
    (node,) = status["nodes"]
    assert node["known"] is False
    assert nowhere in node["reason"]


def test_run_waits_for_an_engine_that_is_not_there_yet(project: Project, engine: Proxy) -> None:
    engine.stop()
    project.declare(service("web"))
    running = project.run()
    running.says("no Docker Engine runs at")
    engine.start()
    eventually(lambda: len(project.engine.running()) == 1, "it to run")
    running.terminate().ends(0)


def test_apply_says_that_the_engine_is_wedged(project: Project, engine: Proxy) -> None:
    project.declare(task("work"))
    engine.wedge()
    done = project.reconciler("apply", within=45).ends(1)
    assert "did not answer within" in done.err
    assert engine.hanging
    assert project.engine.ids() == {}


@pytest.mark.slow
def test_run_goes_on_when_the_engine_comes_free(project: Project, engine: Proxy) -> None:
    engine.wedge()
    project.declare(task("work", instances=2))
    running = project.run()
    running.says("did not answer within")
    assert project.engine.ids() == {}
    engine.unwedge()
    eventually(lambda: len(project.engine.running()) == 2, "both to run")
    running.terminate().ends(0)
    assert len(project.engine.ids()) == 2


def test_a_wedge_in_mid_flight_makes_no_duplicate(project: Project, engine: Proxy) -> None:
    project.declare(service("web", instances=2))
    running = project.run()
    eventually(lambda: len(project.engine.running()) == 2, "both to run")
    engine.wedge()
    project.engine.kill(project.engine.name("web"))
    eventually(lambda: engine.hanging, "a request to hang")
    running.says("node-lost", within=40)
    assert project.engine.name("web", 1) in project.engine.running()
    engine.unwedge()
    eventually(lambda: len(project.engine.running()) == 2, "both to run again")
    again = sorted([project.engine.name("web", attempt=2), project.engine.name("web", 1)])
    always(lambda: sorted(project.engine.running()) == again, "one of each", during=2)
    running.terminate().ends(0)


def test_an_event_stream_that_says_nothing_any_more_holds_nothing_up(
    project: Project, engine: Proxy
) -> None:
    project.declare(service("web"))
    project.run("--resync", "2s")
    eventually(lambda: len(project.engine.running()) == 1, "it to run")
    engine.deaf = True
    project.engine.kill(project.engine.name("web"))
    project.engine.await_running(project.engine.name("web", attempt=2))


def test_an_engine_that_goes_and_comes_back_finds_everything_as_it_was(
    project: Project, engine: Proxy
) -> None:
    project.declare(service("web", instances=2), task("work"))
    running = project.run()
    eventually(lambda: len(project.engine.running()) == 3, "all to run")
    before = project.engine.ids()
    engine.stop()
    running.says("node-lost")
    project.declare(task("more"))
    engine.start()
    eventually(lambda: project.engine.running("more"), "what was edited meanwhile to run")
    after = project.engine.ids()
    assert before.items() <= after.items()
    assert len(after) == 4
    project.engine.kill(project.engine.name("web"))
    eventually(lambda: project.engine.name("web", attempt=2) in project.engine.running(), "healing")
    running.terminate().ends(0)


def test_what_ends_while_the_engine_cannot_be_asked_is_judged_by_its_exit(
    project: Project, engine: Proxy
) -> None:
    project.declare(task("work", "sleep 2; exit 0"))
    running = project.run()
    eventually(project.engine.running, "it to run")
    engine.stop()
    running.says("node-lost")
    eventually(lambda: not project.engine.running(), "it to end")
    engine.start()
    project.await_states("work", "Succeeded")
    running.terminate().ends(0)
    assert len(project.engine.ids()) == 1


def test_output_is_read_on_where_it_broke_off(project: Project, engine: Proxy) -> None:
    script = "n=0; until [ -e /done ]; do n=$((n+1)); echo $n; sleep 0.2; done"
    project.declare(task("work", script))
    project.apply()
    following = project.reconciler.start("logs", "--follow", "work")
    following.says("3")
    engine.stop()
    following.says("could not follow")
    engine.start()
    said = len(following.out.split())
    eventually(lambda: len(following.out.split()) > said, "more of it")
    project.engine.execute(project.engine.name("work"), "touch", "/done")
    eventually(lambda: not project.engine.running(), "it to end")
    project.apply("--wait")
    lines = following.wait().ends(0).out.split()
    assert lines == [str(number) for number in range(1, len(lines) + 1)]
