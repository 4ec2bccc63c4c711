"""What forges are told of a commit, whatever the clock is set to."""

from pathlib import Path

from msgspec.structs import replace

from reconciler.cli.heralding import Herald
from reconciler.cli.place import Place
from reconciler.cli.telling import Log
from reconciler.model.fact import RevisionSeen
from reconciler.sources.folder import FolderSource
from tests.support.desired import make_task
from tests.support.lab import Lab


class Ears:
    """A forge that hears what is said."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def say(self, commit: str, state: object, description: str) -> None:
        del commit, state
        self.heard.append(description)


def test_how_long_a_commit_took_is_told_by_the_clock_that_it_was_seen_by(tmp_path: Path) -> None:
    place = Place(FolderSource(tmp_path), tmp_path, "demo", tmp_path)
    herald, ears = Herald(Log("error"), place, None, []), Ears()
    herald._statuses = ears  # type: ignore[assignment]
    lab = Lab(make_task())
    lab.core.note([RevisionSeen("f-1", lab.now)])
    lab.world.autoexit = lambda _: 0
    lab.settle()
    # As it is between the last turn and the one that puts on record that all is as wanted.
    lab.core.history.revisions[-1] = replace(lab.core.history.revisions[-1], converged_at=0.0)
    lab.now += 90
    herald.turn(lab.core)
    assert ears.heard == ["1 instance as wanted, in 1m30s"]
