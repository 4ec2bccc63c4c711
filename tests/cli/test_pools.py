"""`pools`, and what `status` says of pools, in words and for machines."""

from reconciler.cli import pools_output, status_output
from reconciler.model.amounts import Amounts
from reconciler.model.pool import Policy, Window
from tests.cli.helpers import check
from tests.cli.test_nodes import report_of
from tests.support.desired import make_pool, make_task
from tests.support.many import Many

DAY = Policy(name="day", window=Window(end=12 * 60), slots=2)
NIGHT = Policy(name="night", most=2, idle_for=30.0)


def text(lab: Many) -> str:
    return "\n".join(pools_output.as_text(report_of(lab)))


def lab_of(*policies: Policy, command: tuple[str, ...] = ()) -> Many:
    lab = Many("a", capacity=Amounts(3.0))
    lab.now = 950_400.0  # midnight, UTC
    lab.crash()
    lab.open(make_pool(command=command, policies=policies, per_node=4))
    return lab


def test_json_follows_its_schema() -> None:
    lab = lab_of(DAY, NIGHT)
    lab.apply(make_task("work", 1, spec={"pool": "pool"}))
    said = pools_output.as_json(report_of(lab))
    check("pools", said)
    assert said["pools"] == [
        {
            "name": "pool", "policy": "day", "until": "1970-01-12T12:00:00.000Z", "wanted": 2,
            "declared": True, "reason": "",
            "slots": [
                {"number": 0, "state": "Busy", "node": "a", "since": "1970-01-12T00:00:00.000Z",
                 "instance": "work/0", "reason": ""},
                {"number": 1, "state": "Ready", "node": "a", "since": "1970-01-12T00:00:00.000Z",
                 "instance": None, "reason": ""},
            ],
        }
    ]  # fmt: skip
    status = status_output.as_json(report_of(lab))
    check("status", status)
    assert status["pools"] == said["pools"]
    tasks = status["tasks"]
    assert isinstance(tasks, list)
    assert [(task["name"], task["pool"]) for task in tasks] == [("work", "pool")]


def test_people_see_policies_slots_and_what_is_in_them() -> None:
    lab = lab_of(DAY)
    lab.apply(make_task("work", 1, spec={"pool": "pool"}))
    said = text(lab)
    assert "day until" in said
    assert "1 busy, 1 ready" in said
    assert "work/0" in said
    assert "work/0" not in "\n".join(pools_output.summary(report_of(lab)))


def test_why_there_are_fewer_than_asked_for() -> None:
    lab = lab_of(Policy(name="many", slots=9))
    assert "there are slotsPerNode" not in text(lab)
    assert "fits on 0 of 1 node: 1 has 0 of 1 cpus left" in text(lab)
    (pool,) = pools_output.items(report_of(lab))
    assert (pool["wanted"], len(pool["slots"])) == (9, 3)  # type: ignore[arg-type]  # a list


def test_what_is_being_prepared_says_how_far_it_is() -> None:
    lab = lab_of(Policy(name="one", slots=1), command=("make",))
    assert "Preparing" in text(lab)
    lab.finish("a", "demo.pool_pool.1.0.1", 3)
    lab.settle()
    assert "exit code 3; the next attempt is due in 1" in text(lab)


def test_a_reader_counts_what_waits_as_the_writer_does() -> None:
    lab = lab_of(NIGHT)
    lab.apply(make_task("work", 5, spec={"pool": "pool"}))
    (pool,) = pools_output.items(report_of(lab))
    assert pool["wanted"] == 2


def test_a_pool_that_is_not_asked_for_any_more() -> None:
    lab = lab_of(DAY)
    lab.apply(make_task("work", 1, spec={"pool": "pool"}))
    lab.open()
    assert "not asked for any more" in text(lab)
    (pool,) = pools_output.items(report_of(lab))
    assert (pool["declared"], pool["wanted"]) == (False, 0)


def test_no_pool() -> None:
    assert "no pool is asked for" in text(Many("a"))
    assert pools_output.summary(report_of(Many("a"))) == []
