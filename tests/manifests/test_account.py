"""Who a container's user is, as manifests say it, and the mounts that a constant switches off."""

import pytest

from reconciler.model.spec import Mount
from reconciler.model.staging import Account
from reconciler.planning.request import build_request
from tests.manifests.loaded import desired, load, only, profile, task
from tests.support.engines import make_request
from tests.support.lab import Lab

BARE = "container: {image: x}"
MOUNTING = profile(
    "constants: {FROM: {default: /data}, TO: {default: /in}}\n"
    'container: {image: x, mounts: [{type: bind, source: "${FROM}", target: "${TO}"},'
    " {type: tmpfs, target: /tmp}]}"
)
TMP = Mount(type="tmpfs", target="/tmp")


def spec_of(container: str) -> Account:
    return only(task(f"container: {{image: x, {container}}}")).spec.account


@pytest.mark.parametrize(
    ("said", "name", "home"),
    [
        ("entries: true", "user", "/home/user"),
        ("entries: true, name: ada", "ada", "/home/ada"),
        ("entries: true, name: ada, home: /srv//ada/", "ada", "/srv/ada"),
    ],
)
def test_an_account_is_called_and_lives_as_it_says(said: str, name: str, home: str) -> None:
    found = spec_of(f"account: {{{said}}}")
    assert found.entries
    assert (found.called, found.folder) == (name, home)


def test_an_account_is_shape_and_what_says_nothing_changes_no_hash() -> None:
    bare = only(task(BARE))
    spelled = only(task('container: {image: x, account: {entries: false, name: "", home: ""}}'))
    named = only(task("container: {image: x, account: {entries: true}}"))
    assert (spelled.work, spelled.shape) == (bare.work, bare.shape)
    assert named.work == bare.work
    assert named.shape != bare.shape


@pytest.mark.parametrize(
    "groups", ["[100, video]", "'100,video'", "['100', video]"], ids=["list", "text", "texts"]
)
def test_groups_are_a_list_or_a_text(groups: str) -> None:
    found = only(task(f"container: {{image: x, groups: {groups}}}"))
    assert found.spec.groups == ("100", "video")


@pytest.mark.parametrize(("value", "groups"), [("''", ()), ("7", ("7",)), ("'7,8'", ("7", "8"))])
def test_groups_may_be_a_constant(value: str, groups: tuple[str, ...]) -> None:
    own = profile('constants: {G: {default: ""}}\ncontainer: {image: x, groups: "${G}"}')
    found = only(own + "---\n" + task(f"profile: mine\nconstants: {{G: {value}}}"))
    assert found.spec.groups == groups


def environment(spec: str) -> dict[str, str]:
    wanted = desired(task(spec))
    attempt = make_request("p", "pi").attempt
    return dict(build_request(wanted, wanted.tasks["pi"], attempt, "x").env)


def test_the_environment_says_who_the_user_is() -> None:
    found = environment("container: {image: x, account: {entries: true, name: ada}}")
    assert (found["HOME"], found["USER"], found["LOGNAME"]) == ("/home/ada", "ada", "ada")
    assert not {"HOME", "USER", "LOGNAME"} & environment(BARE).keys()


@pytest.mark.parametrize("user", ["root", "0", "0:7"])
def test_root_is_left_to_the_image(user: str) -> None:
    found = environment(f"container: {{image: x, user: '{user}', account: {{entries: true}}}}")
    assert "HOME" not in found


def test_env_has_the_last_word_on_the_home() -> None:
    found = environment("env: {HOME: /job}\ncontainer: {image: x, account: {entries: true}}")
    assert (found["HOME"], found["USER"]) == ("/job", "user")


@pytest.mark.parametrize(
    ("constants", "mounts"),
    [
        ("{}", (Mount(type="bind", source="/data", target="/in"), TMP)),
        ("{FROM: ''}", (TMP,)),
        ("{TO: ''}", (TMP,)),
        ("{FROM: '', TO: ''}", (TMP,)),
    ],
)
def test_an_empty_constant_switches_a_mount_off(constants: str, mounts: tuple[Mount, ...]) -> None:
    found = only(MOUNTING + "---\n" + task(f"profile: mine\nconstants: {constants}"))
    assert found.spec.mounts == mounts


def test_a_mount_that_is_written_without_a_target_is_a_mistake() -> None:
    found = load(task("container: {image: x, mounts: [{type: tmpfs, target: ''}]}"))
    assert found.errors


def test_work_goes_on_with_an_account() -> None:
    wanted = only(task("container: {image: x, user: '1:2', account: {entries: true}}"))
    lab = Lab(wanted)
    lab.settle()
    assert "/home/user" in lab.world.boxes["demo.pi.1.0.1"].staged
