"""A secret that has changed: services get it by a rollout, and nothing else is disturbed."""

from reconciler.controller.happenings import SecretsRead
from reconciler.model.confidence import Origin, UsedSecret
from reconciler.model.desired import Backoff, DesiredTask, Restart, Retry
from reconciler.model.identity import LABEL_SECRETS
from reconciler.planning.backoff import STEADY
from tests.support.desired import make_task
from tests.support.lab import Lab

TOKEN = UsedSecret(name="TOKEN", origin=Origin(env="LAB_TOKEN"))
KEY = UsedSecret(name="KEY", origin=Origin(file="/key"), target="/etc/lab/key")
SPEC = {"secrets": (KEY, TOKEN)}


def web(count: int = 2, **fields: object) -> DesiredTask:
    retry = Retry(None, Backoff(jitter=0))
    return make_task("web", count, restart=Restart.ALWAYS, retry=retry, spec=SPEC, **fields)


def told(lab: Lab, account: str) -> None:
    """Have what runs know secrets by an account."""
    for name in lab.live():
        lab.world.boxes[name].labels[LABEL_SECRETS] = account
    lab.settle()


def runs(lab: Lab) -> list[str]:
    return [name.split(".", 3)[3] for name in lab.live()]


def test_a_service_is_replaced_bit_by_bit() -> None:
    lab = Lab(web())
    lab.settle()
    told(lab, "KEY=1 TOKEN=1")
    lab.wait(100)
    lab.core.secrets_read(SecretsRead({"web": "KEY=1 TOKEN=2"}))
    first = lab.settle()
    assert first[0].cause.reason == "secret TOKEN changed"
    assert runs(lab) == ["0.2", "1.1"]
    assert "at most 1 out of service at once" in lab.verdict("web", 1).reason
    lab.wait(STEADY)
    assert runs(lab) == ["0.2", "1.2"]
    assert list(lab.core.history.tasks["web"].runs) == [1], "it is the same work"


def test_with_surge_the_old_one_serves_until_the_new_one_is_ready() -> None:
    lab = Lab(web(1, max_surge=1))
    lab.settle()
    told(lab, "KEY=1 TOKEN=1")
    lab.wait(100)
    lab.core.secrets_read(SecretsRead({"web": "KEY=2 TOKEN=2"}))
    lab.settle()
    assert runs(lab) == ["0.1", "0.2"]
    done = lab.wait(STEADY)
    assert [a.cause.reason for a in done][:1] == ["secrets KEY, TOKEN changed"]
    assert runs(lab) == ["0.2"]


def test_what_cannot_be_read_or_was_never_told_changes_nothing() -> None:
    lab = Lab(web())
    lab.settle()
    lab.core.secrets_read(SecretsRead({"web": "KEY=1 TOKEN=1"}))
    assert lab.settle() == []
    told(lab, "KEY=1 TOKEN=1")
    lab.core.secrets_read(SecretsRead({"web": "KEY=1"}))
    assert lab.settle() == []
    lab.core.secrets_read(SecretsRead({}))
    assert lab.settle() == []


def test_batch_work_goes_on_and_is_not_done_again() -> None:
    lab = Lab(make_task("work", 2, spec=SPEC))
    lab.settle()
    told(lab, "KEY=1 TOKEN=1")
    lab.world.finish("demo.work.1.0.1", 0)
    lab.settle()
    lab.core.secrets_read(SecretsRead({"work": "KEY=2 TOKEN=2"}))
    assert lab.settle() == []
    assert runs(lab) == ["1.1"]


def test_files_lie_in_volumes_that_go_with_the_container() -> None:
    lab = Lab(make_task("work", spec=SPEC))
    lab.settle()
    request = lab.world.boxes["demo.work.1.0.1"].request
    assert request is not None
    assert request.scratch == ("/etc/lab",)
    assert request.confidence is not None
    assert request.confidence.secrets == (KEY, TOKEN)
