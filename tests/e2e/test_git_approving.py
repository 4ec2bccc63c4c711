"""A rewritten history that waits for a person, with `run` and without."""

import pytest

from tests.e2e.fleet import Fleet
from tests.e2e.project import service
from tests.support.process import Done, always

pytestmark = pytest.mark.docker


class Held(Fleet):
    """A fleet of which the newest commit is no successor of the one before."""

    def verb(self, *words: str) -> Done:
        """Run a verb on the repository as `run` is configured to follow it."""
        config = str(self.project.home / "config.yaml")
        return self.project.reconciler(words[0], *words[1:], "--config", config)

    def begin(self) -> None:
        """Have one instance run, end `run`, and rewrite the history to two instances."""
        self.commit(service("web"))
        running = self.follow_as(onRewrite="hold")
        self.project.await_states("web", "Running")
        running.terminate().ends(0)
        self.rewrite(2)

    def rewrite(self, instances: int) -> str:
        self.project.declare(service("web", instances=instances))
        self.repository.git("commit", "--quiet", "--amend", "--all", "--message=rewritten")
        return self.repository.git("rev-parse", "HEAD")

    def holds(self) -> str:
        """Begin `run`, and end it once it holds something back; return what it says of it."""
        running = self.follow_as(onRewrite="hold")
        said = running.says("it waits to be allowed")
        always(lambda: self.project.states("web") == ["Running"], "nothing changes", 1)
        running.terminate().ends(0)
        return said


@pytest.fixture
def held(fleet: Fleet) -> Held:
    return Held(fleet.project)


def test_a_leave_that_is_given_while_nobody_runs_is_kept(held: Held) -> None:
    held.begin()
    held.holds()
    newest = held.repository.git("rev-parse", "HEAD")
    done = held.verb("approve", held.url).ends(0)
    assert f"{newest}, which waited for this, is read by the next `apply` or `run`" in done.out
    assert "which waited" not in held.verb("approve", held.url).ends(0).out
    held.follow_as(onRewrite="hold")
    held.project.await_states("web", "Running", "Running")


def test_a_leave_is_for_that_revision_alone(held: Held) -> None:
    held.begin()
    held.holds()
    held.verb("approve", held.url).ends(0)
    other = held.rewrite(3)
    assert f"{other[:12]} is not read" in held.holds()


def test_apply_looks_at_the_remote_and_heeds_what_waits(held: Held) -> None:
    held.begin()
    done = held.verb("apply", held.url).ends(3)
    assert "it waits to be allowed" in done.err
    assert held.project.states("web") == ["Running"]
    held.verb("approve", held.url).ends(0)
    held.verb("apply", held.url).ends(0)
    held.project.await_states("web", "Running", "Running")


def test_apply_needs_no_run_before(held: Held) -> None:
    held.commit(service("web"))
    held.project.apply(held.url)
    held.project.await_states("web", "Running")
    done = held.project.reconciler("reconcile", held.url).ends(1)
    assert "nobody runs this project now: `reconciler apply" in done.err
