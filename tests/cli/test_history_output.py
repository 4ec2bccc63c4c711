from reconciler.cli import history_output
from reconciler.model.fact import Pinned, RevisionSeen
from tests.cli.helpers import check, report_of
from tests.support.desired import make_task
from tests.support.lab import Lab


def seen(lab: Lab, name: str, problem: str = "") -> None:
    fact = RevisionSeen(name, lab.now, not problem, problem, "Ann \x1b[1m", "mend it")
    lab.core.note([fact])


def text(lab: Lab, tail: int = 20) -> str:
    return "\n".join(history_output.as_text(report_of(lab), tail))


def test_what_each_revision_brought_about() -> None:
    lab = Lab(make_task("work", 3))
    seen(lab, "f-1")
    lab.settle()
    lab.now += 5
    lab.commit(make_task("work", 2, spec={"command": ("true",)}))
    seen(lab, "f-2")
    lab.now += 2
    lab.settle()
    seen(lab, "f-3", "a.yaml:1:1: no")
    lab.core.note([Pinned("f-2", lab.now)])
    said = history_output.as_json(report_of(lab), 20)
    check("history", said)
    revisions = said["revisions"]
    assert isinstance(revisions, list)
    first, second, third = revisions
    assert [first[k] for k in ("created", "replaced", "tornDown")] == [3, 0, 0]
    assert [second[k] for k in ("created", "replaced", "tornDown")] == [2, 2, 1]
    assert (first["secondsToConverge"], second["secondsToConverge"]) == (0.0, 2.0)
    assert [r["inForce"] for r in (first, second, third)] == [False, True, False]
    assert second["pinned"]
    assert (third["valid"], third["problem"], third["convergedAt"]) == (
        False, "a.yaml:1:1: no", None,
    )  # fmt: skip


def test_people_see_it_in_lines_without_terminal_controls() -> None:
    lab = Lab(make_task("work"))
    seen(lab, "f-1")
    seen(lab, "0123456789abcdef0123456789abcdef01234567", "bad")
    lab.settle()
    said = text(lab)
    assert "\x1b[1m" not in said.replace("\x1b[0m", "")
    assert "f-1" in said
    assert "in force" in said
    assert "0123456789ab " in said
    assert "refused" in said
    assert "f-1" not in text(lab, tail=1)


def test_nothing_has_been_seen() -> None:
    assert text(Lab()) == "no revision has been seen yet"
    check("history", history_output.as_json(report_of(Lab()), 20))


def test_retries_and_restarts_are_not_counted_as_replaced() -> None:
    lab = Lab(make_task("work"))
    seen(lab, "f-1")
    lab.settle()
    lab.world.finish("demo.work.1.0.1", 1)
    lab.settle()
    lab.crash()
    lab.settle()
    (one,) = lab.core.history.revisions
    assert (one.created, one.replaced, one.torn_down) == (1, 0, 0)
