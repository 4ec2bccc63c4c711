"""docker-host-user: what it makes of its caller, and how each part of it is switched off."""

from typing import Any

import pytest
from msgspec.structs import replace

from reconciler.model.caller import Caller
from reconciler.model.policy import FOLDER, GIT
from reconciler.model.spec import InstanceSpec, Mount
from reconciler.model.staging import Account
from tests.manifests.loaded import load, only, task

ADA = Caller(uid=1234, gid=2345, groups=(77, 88), name="ada", home="/home/ada", folder="/work")
TRUSTED = replace(FOLDER, caller=ADA)
WHO = "DOCKER_USER: '1:2', DOCKER_GROUPS: '', DOCKER_NAME: '', DOCKER_HOME: ''"
ALL_GIVEN = f"{WHO}, DOCKER_FOLDER: ''"


def spec_of(constants: str = "", container: str = "", policy: object = TRUSTED) -> InstanceSpec:
    said = f"profile: docker-host-user\nconstants: {{{constants}}}\ncontainer: {{{container}}}"
    return only(task(said), policy=policy).spec


def test_it_is_the_caller_in_the_callers_folder() -> None:
    spec = spec_of("DOCKER_CMD: id")
    assert (spec.user, spec.groups) == ("1234:2345", ("77", "88"))
    assert spec.account == Account(entries=True, name="ada", home="/home/ada")
    assert spec.mounts == (Mount(type="bind", source="/work", target="/docker_pwd"),)
    assert (spec.workdir, spec.network, spec.entrypoint) == ("/docker_pwd", "bridge", None)
    assert (spec.security.userns, spec.security.no_new_privileges) == ("host", True)
    assert spec.security.cap_drop == ("ALL",)


@pytest.mark.parametrize(
    ("constants", "container", "changed"),
    [
        ("DOCKER_USER: '5:6'", "", {"user": "5:6"}),
        ("DOCKER_USER: ''", "", {"user": ""}),
        ("DOCKER_GROUPS: ''", "", {"groups": ()}),
        ("DOCKER_ENTRIES: false", "", {"account": Account(name="ada", home="/home/ada")}),
        ("", "account: {entries: false}", {"account": Account(name="ada", home="/home/ada")}),
        ("DOCKER_WORKDIR: ''", "", {"mounts": (), "workdir": ""}),
        ("DOCKER_FOLDER: ''", "", {"mounts": (), "workdir": "/docker_pwd"}),
        ("", "mounts: [], workdir: /", {"mounts": (), "workdir": "/"}),
        ("DOCKER_NETWORK: host", "", {"network": "host"}),
        ("DOCKER_NETWORK: none", "", {"network": "none"}),
        ("", "network: host", {"network": "host"}),
    ],
)
def test_each_part_can_be_switched(constants: str, container: str, changed: dict[str, Any]) -> None:
    before, after = spec_of(), spec_of(constants, container)
    assert replace(after, constants=before.constants) == replace(before, **changed)


def test_of_a_repository_all_that_is_the_callers_is_asked_for() -> None:
    found = load(task("profile: docker-host-user"), policy=GIT).errors
    wanting = {p.message.partition(",")[0].split()[-1] for p in found if p.code == "unknown-caller"}
    names = {"DOCKER_USER", "DOCKER_GROUPS", "DOCKER_NAME", "DOCKER_HOME", "DOCKER_FOLDER"}
    assert wanting == names


def test_of_a_repository_it_runs_as_whom_it_says() -> None:
    given = f"{ALL_GIVEN}, DOCKER_USERNS: default"
    spec = spec_of(given, policy=GIT)
    assert (spec.user, spec.groups, spec.mounts) == ("1:2", (), ())
    assert spec.account.folder == "/home/user"


@pytest.mark.parametrize(
    ("constants", "code"),
    [
        (f"{ALL_GIVEN}", "policy-userns-host"),
        (f"{ALL_GIVEN}, DOCKER_USERNS: default, DOCKER_NETWORK: host", "policy-host-network"),
        (f"{WHO}, DOCKER_FOLDER: /x, DOCKER_USERNS: default", "policy-bind"),
    ],
)
def test_a_repository_gets_no_more_than_the_operator_allows(constants: str, code: str) -> None:
    said = task(f"profile: docker-host-user\nconstants: {{{constants}}}")
    assert [problem.code for problem in load(said, policy=GIT).errors] == [code]


def test_a_network_that_there_is_none_of_is_refused() -> None:
    said = task("profile: docker-host-user\nconstants: {DOCKER_NETWORK: cluster}")
    assert [p.code for p in load(said, policy=TRUSTED).errors] == ["constant-value"]
