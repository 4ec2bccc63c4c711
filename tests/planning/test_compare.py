"""Two revisions compared, from what they ask for alone."""

import pytest
from msgspec.structs import replace

from reconciler.model.comparison import Change, Comparison, Effect, TaskChange, Totals
from reconciler.model.desired import Backoff, DesiredTask, NodeSpec, OnChange, Restart, Retry
from reconciler.model.position import Position
from reconciler.model.spec import Resources
from reconciler.planning.cause import PROTECTED
from reconciler.planning.compare import compare
from tests.support.desired import make_desired, make_matrix, make_task

COMMAND = {"command": ("echo", "new")}
MEMORY = {"resources": Resources(memory=64)}


def service(name: str = "web", count: int = 2, **fields: object) -> DesiredTask:
    return make_task(name, count, restart=Restart.ALWAYS, retry=Retry(None), **fields)


def between(old: list[DesiredTask], new: list[DesiredTask]) -> Comparison:
    return compare(make_desired(*old, revision="f-1"), make_desired(*new, revision="f-2"))


def one(old: list[DesiredTask], new: list[DesiredTask]) -> TaskChange:
    (change,) = between(old, new).tasks
    return change


def fields(change: TaskChange) -> list[tuple[Effect, str, str, str]]:
    return [(d.effect, d.cause.field, d.cause.old, d.cause.new) for d in change.differences]


def test_the_same_is_nothing() -> None:
    found = between([make_task(count=3)], [make_task(count=3)])
    assert (found.empty, found.unchanged) == (True, ("work",))


def test_a_task_that_moved_to_another_file_is_unchanged() -> None:
    moved = make_task(at=Position("elsewhere.yaml", 7, 1), where={"image": Position("x", 1, 1)})
    assert between([make_task()], [moved]).empty


def test_a_new_task_is_created_and_a_vanished_one_torn_down() -> None:
    found = between([make_task("old", 2)], [make_task("new", 3)])
    new, old = found.tasks
    assert (new.change, new.before, new.after) == (Change.CREATE, (), (0, 1, 2))
    assert (new.cause.reason, str(new.cause.at)) == ("new task", "new.yaml:1:1")
    assert (old.change, old.before, old.after) == (Change.TEAR_DOWN, (0, 1), ())
    assert old.cause.reason == "no manifest asks for it any more"


def test_an_empty_source_tears_nothing_down() -> None:
    found = compare(make_desired(make_task(count=9)), make_desired(prunable=False))
    assert [(c.change, c.cause.reason) for c in found.tasks] == [
        (Change.KEEP, "an empty source tears nothing down")
    ]
    assert found.holds == ()


def test_other_work_runs_again_and_names_the_field_and_its_line() -> None:
    where = {"command": Position("work.yaml", 9, 5)}
    change = one([make_task(count=2)], [make_task(count=2, spec=COMMAND, where=where)])
    assert (change.change, change.kept) == (Change.RERUN, 2)
    assert fields(change) == [(Effect.WORK, "command", "", '["echo", "new"]')]
    assert str(change.cause.at) == "work.yaml:9:5"
    assert change.cause.revision == "f-2"


def test_a_raised_rerun_runs_again() -> None:
    change = one([make_task()], [make_task(rerun=1)])
    assert change.change is Change.RERUN
    assert fields(change) == [(Effect.WORK, "rerun", "0", "1")]


def test_another_shape_replaces() -> None:
    change = one([make_task()], [make_task(spec=MEMORY)])
    assert (change.change, change.service) == (Change.REPLACE, False)
    assert fields(change) == [(Effect.SHAPE, "resources.memory", "", "64")]


@pytest.mark.parametrize("spec", [COMMAND, MEMORY])
def test_a_service_is_replaced_bit_by_bit_either_way(spec: dict[str, object]) -> None:
    change = one([service()], [service(spec=spec, max_unavailable=2)])
    assert (change.change, change.service, change.at_once) == (Change.REPLACE, True, 2)


def test_scaling_says_from_how_many_to_how_many() -> None:
    change = one([make_task(count=3)], [make_task(count=5)])
    assert (change.change, change.cause.reason) == (Change.SCALE, "scaled up")
    assert fields(change) == [(Effect.COUNT, "instances", "3", "5")]
    change = one([make_task(instances=(0, 1))], [make_task(instances=(1, 4))])
    assert (change.change, change.cause.reason) == (Change.SCALE, "other instances")
    assert fields(change) == [(Effect.COUNT, "instances", "0-1", "1,4")]


def test_other_work_of_no_kept_instance_is_only_scaling() -> None:
    change = one([make_task(count=0)], [make_task(count=2, spec=COMMAND)])
    assert change.change is Change.SCALE


def test_settings_restart_nothing_and_are_spelled_as_in_manifests() -> None:
    old = make_task(labels=(("team", "a"),), max_unavailable=1, retry=Retry(None))
    new = make_task(
        labels=(("team", "b"),),
        max_unavailable=2,
        max_surge=1,
        gang=True,
        on_change=OnChange.FINISH,
        retry=Retry(3, Backoff(initial=2.0)),
        parallelism=4,
        job="night",
        spec={"pull": "always"},
    )
    change = one([old], [new])
    assert change.change is Change.SETTINGS
    assert [entry[1:] for entry in fields(change)] == [
        ("job", "", "night"),
        ("labels.team", "a", "b"),
        ("onChange", "replace", "finish"),
        ("parallelism", "", "4"),
        ("placement.gang", "false", "true"),
        ("pull", "missing", "always"),
        ("retry.backoff.initial", "1.0", "2.0"),
        ("retry.perInstance", "unlimited", "3"),
        ("rollout.maxSurge", "0", "1"),
        ("rollout.maxUnavailable", "1", "2"),
    ]
    assert {entry[0] for entry in fields(change)} == {Effect.SETTING}


def test_everything_that_differs_is_told_the_gravest_first() -> None:
    change = one([make_task()], [make_task(count=2, spec=COMMAND | MEMORY, parallelism=1)])
    effects = [effect for effect, *_ in fields(change)]
    assert effects == [Effect.WORK, Effect.SHAPE, Effect.COUNT, Effect.SETTING]
    assert change.change is Change.RERUN


def test_a_task_that_may_not_be_started_is_left_alone_and_says_why() -> None:
    why = "it uses schedule, which is not supported yet"
    change = one([], [make_task(blocked=why)])
    assert (change.change, change.cause.reason) == (Change.KEEP, why)
    change = one([make_task()], [make_task(blocked=why, spec=COMMAND)])
    assert (change.change, change.cause.reason) == (Change.KEEP, why)
    assert between([make_task(blocked=why)], [make_task(blocked=f"{why} (a.yaml:9:9)")]).empty
    change = one([make_task(blocked=why)], [make_task()])
    assert change.cause.reason == f"no longer so: {why}"


def test_totals_are_sums_over_instances_and_count_what_has_no_limit() -> None:
    limited = make_task("a", 3, spec={"resources": Resources(cpus=0.5, memory=100)})
    found = between([limited], [limited, make_task("b", 2)])
    assert found.before == Totals(tasks=1, instances=3, cpus=1.5, memory=300)
    assert found.after == Totals(
        tasks=2, instances=5, cpus=1.5, memory=300, unlimited_cpus=2, unlimited_memory=2
    )


def test_of_an_unknown_former_revision_everything_is_new() -> None:
    found = compare(None, make_desired(make_task()))
    assert [change.change for change in found.tasks] == [Change.CREATE]
    assert (found.before, found.nodes) == (None, ())


def test_nodes_that_come_go_and_change() -> None:
    old = make_desired(nodes=("a", "b"))
    new = make_desired(nodes=("b", "c"))
    new = replace(new, nodes={**new.nodes, "b": NodeSpec("b", "tcp://b:1", (("zone", "x"),))})
    found = compare(old, new)
    assert [(n.node, n.change) for n in found.nodes] == [
        ("a", Change.TEAR_DOWN),
        ("b", Change.SETTINGS),
        ("c", Change.CREATE),
    ]
    assert [(d.cause.field, d.cause.old, d.cause.new) for d in found.nodes[1].differences] == [
        ("endpoint", "", "tcp://b:1"),
        ("labels.zone", "", "x"),
    ]


class TestHolds:
    def test_a_teardown_of_most_is_foretold(self) -> None:
        (hold,) = between([make_task("many", 6), service("few", 1)], [service("few", 1)]).holds
        assert (hold.kind, hold.count, hold.total, hold.tasks) == ("teardown", 6, 7, ("many",))
        assert "if all of it runs, 6 of 7 running instances would be torn down" in hold.message
        assert "waits for approve" in hold.message

    def test_five_or_half_are_not(self) -> None:
        assert between([make_task("five", 5)], [make_task("other")]).holds == ()
        many = [make_task("a", 6), make_task("b", 6)]
        assert between(many, many[:1]).holds == ()

    def test_a_rerun_of_most_is_foretold_and_services_never_are(self) -> None:
        old = [make_task("many", 6), service("web", 9)]
        new = [make_task("many", 6, spec=COMMAND), service("web", 9, spec=COMMAND)]
        (hold,) = between(old, new).holds
        assert (hold.kind, hold.count, hold.total, hold.tasks) == ("rerun", 6, 6, ("many",))

    def test_scaling_down_is_never_held(self) -> None:
        assert between([make_task(count=20)], [make_task(count=1)]).holds == ()


def test_a_renamed_task_is_compared_with_what_it_was_called() -> None:
    found = between([service("old")], [service("new", renamed_from="old")])
    (change,) = found.tasks
    assert (change.task, change.change) == ("new", Change.SETTINGS)
    assert fields(change) == [(Effect.SETTING, "renamedFrom", "", "old")]
    assert found.holds == ()


def test_a_protected_task_stays_without_its_manifest() -> None:
    found = between([service("web", 9, protected=True)], [])
    assert [(c.change, c.cause.reason) for c in found.tasks] == [(Change.KEEP, PROTECTED)]
    assert found.holds == ()


def test_a_suspended_task_says_by_whom() -> None:
    change = one([service()], [service(suspend="job nightly")])
    assert fields(change) == [(Effect.SETTING, "suspend", "", "job nightly")]


def test_combinations_of_a_matrix_come_and_go() -> None:
    change = one([make_matrix("work", {"a": ["1", "2"]})], [make_matrix("work", {"a": ["3", "2"]})])
    assert (change.change, change.before, change.after) == (Change.SCALE, (0, 1), (1, 2))
    assert fields(change) == [(Effect.COUNT, "instances.matrix", "a=1", "a=3")]
    assert change.kept == 1


def test_the_order_of_a_matrix_is_no_change() -> None:
    one_way, other = {"a": ["1", "2"], "b": ["x"]}, {"b": ["x"], "a": ["2", "1"]}
    assert between([make_matrix("work", one_way)], [make_matrix("work", other)]).empty


def test_other_names_in_a_matrix_are_other_work() -> None:
    change = one([make_matrix("work", {"a": ["1"]})], [make_matrix("work", {"b": ["1"]})])
    assert fields(change)[0] == (Effect.WORK, "instances.matrix", "a", "b")
    change = one([make_task(count=2)], [make_matrix("work", {"b": ["1", "2"]})])
    assert change.change is Change.RERUN
