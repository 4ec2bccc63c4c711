"""What is put into containers before their start, on a whole reconciler in memory."""

from reconciler.model.spec import Security
from reconciler.model.staging import Account
from tests.support.desired import make_task
from tests.support.lab import Lab

NAMED = {"user": "1234:2345", "account": Account(entries=True, name="ada")}


def test_a_container_gets_its_users_account() -> None:
    lab = Lab(make_task(spec=NAMED))
    lab.settle()
    staged = lab.world.boxes["demo.work.1.0.1"].staged
    assert sorted(staged) == ["/etc/group", "/etc/passwd", "/home/ada"]


def test_nothing_is_put_in_where_nothing_is_asked_for() -> None:
    lab = Lab(make_task(spec={"user": "1234:2345"}))
    lab.settle()
    assert lab.live() == ["demo.work.1.0.1"]
    assert "stage" not in {call.verb for call in lab.world.journal.calls}


def test_what_cannot_be_put_in_fails_the_attempt_with_what_to_do() -> None:
    lab = Lab(make_task(spec={**NAMED, "security": Security(read_only_root=True)}))
    lab.settle()
    assert "its root is read-only; set security.readOnlyRoot to false" in (
        lab.verdict("work", 0).reason
    )
