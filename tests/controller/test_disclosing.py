"""Confidential values: read at the last moment, and nowhere but where they are to be."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from reconciler.controller.disclosing import Disclosing
from reconciler.controller.seed import Seed
from reconciler.engines.engine import TransientError
from reconciler.model.action import Action, Cause, CreateRequest, Verb
from reconciler.model.confidence import Confidence, Origin, Sealed, UsedSecret
from reconciler.model.desired import Restart
from reconciler.model.identity import LABEL_SECRETS
from reconciler.model.staging import Staging
from tests.support.age import Sealer, sealer
from tests.support.desired import make_desired, make_task
from tests.support.engines import make_request

VALUE = "hunter2-ÿ"


@pytest.fixture(autouse=True)
def _planted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LAB_TOKEN", f"{VALUE}\n")
    (tmp_path / "key").write_bytes(b"\x00binary\xff")


@pytest.fixture
def age(tmp_path: Path) -> Sealer:
    return sealer(tmp_path / "identity")


def variable(name: str = "TOKEN", **origin: str) -> UsedSecret:
    return UsedSecret(name=name, origin=Origin(**(origin or {"env": "LAB_TOKEN"})))


def file(tmp_path: Path, **origin: str) -> UsedSecret:
    place = Origin(**(origin or {"file": str(tmp_path / "key")}))
    return UsedSecret(name="KEY", origin=place, target="/run/secrets/KEY")


def creating(*secrets: UsedSecret, sealed: Sealed = ()) -> Action:
    request = replace(
        make_request("demo", "work"), confidence=Confidence(secrets=secrets, sealed=sealed)
    )
    return acting(Verb.CREATE, request=request)


def acting(verb: Verb, **fields: Any) -> Action:  # noqa: ANN401  # an action's own
    given = {"node": "local", "subject": "demo.work.1.0.1", "task": "work", "run": 1, **fields}
    return Action(verb=verb, cause=Cause("new task"), **given)


def disclosing(tmp_path: Path, *identities: Path) -> Disclosing:
    return Disclosing(Seed(tmp_path), tuple(map(str, identities)))


def told(action: Action) -> CreateRequest:
    assert action.request is not None
    return action.request


def test_variables_are_told_to_who_makes_the_container_and_show_nowhere(tmp_path: Path) -> None:
    action = disclosing(tmp_path).disclose(creating(variable(), file(tmp_path)))
    request = told(action)
    assert request.disclosed.variables == (("TOKEN", VALUE),)
    account = dict(request.labels)[LABEL_SECRETS]
    assert [word.partition("=")[0] for word in account.split()] == ["@", "KEY", "TOKEN"]
    for shown in (repr(action), str(request), repr(request.env), repr(request.labels)):
        assert "hunter2" not in shown
        assert "binary" not in shown


def test_files_are_staged_as_they_are_for_their_user_alone(tmp_path: Path) -> None:
    secrets = (variable(), file(tmp_path))
    staging = Staging(confidence=Confidence(secrets=secrets))
    action = disclosing(tmp_path).disclose(acting(Verb.START, staging=staging))
    assert action.staging is not None
    (staged,) = action.staging.files
    assert (staged.path, staged.content) == ("/run/secrets/KEY", b"\x00binary\xff")
    assert (staged.mode, staged.owner) == (0o400, "user")
    assert action.staging.confidence is None
    assert "binary" not in repr(action)


def test_encrypted_files_of_the_source_are_opened(tmp_path: Path, age: Sealer) -> None:
    sealed = (("t.age", age.seal(b"sealed\n")),)
    action = creating(variable(age="t.age"), file(tmp_path, age="t.age"), sealed=sealed)
    request = told(disclosing(tmp_path, age.file).disclose(action))
    assert request.disclosed.variables == (("TOKEN", "sealed"),)
    with pytest.raises(TransientError, match=r"secret KEY: the encrypted file t\.age"):
        disclosing(tmp_path).disclose(creating(file(tmp_path, age="t.age"), sealed=sealed))
    with pytest.raises(TransientError, match=r"there is no file t\.age in the source"):
        disclosing(tmp_path, age.file).disclose(creating(variable(age="t.age")))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        (b"", "is empty"),
        (b"hunter2\xff", "is not UTF-8"),
        (b"hunter2\0", "zero byte"),
    ],
)
def test_what_is_no_variable_is_said_without_its_value(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    place = tmp_path / "value"
    if content is not None:
        place.write_bytes(content)
    with pytest.raises(TransientError) as refused:
        disclosing(tmp_path).disclose(creating(variable(file=str(place))))
    assert str(refused.value).startswith(f"secret TOKEN: the file {place} ")
    assert said in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None


def account(tmp_path: Path, *secrets: UsedSecret) -> str:
    return dict(told(disclosing(tmp_path).disclose(creating(*secrets))).labels)[LABEL_SECRETS]


def test_accounts_tell_equal_values_by_a_key_that_stays_in_the_state_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = account(tmp_path, variable())
    assert account(tmp_path, variable()) == before, "also for the next process"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert account(elsewhere, variable()) != before, "nobody else can try values"
    monkeypatch.setenv("LAB_TOKEN", "another")
    assert account(tmp_path, variable()) != before


def test_services_and_what_is_taken_over_are_looked_after_and_what_cannot_be_read_is_left_out(
    tmp_path: Path,
) -> None:
    secrets = (variable(), variable("GONE", env="LAB_NONE"))
    serves = make_task("web", restart=Restart.ALWAYS, spec={"secrets": secrets})
    batch, plain = make_task("batch", spec={"secrets": secrets}), make_task("plain")
    cached = make_task("cached", cache=True, spec={"secrets": secrets})
    found = disclosing(tmp_path).accounts(make_desired(serves, batch, plain, cached))
    assert found == dict.fromkeys(("web", "cached"), account(tmp_path, variable()))
