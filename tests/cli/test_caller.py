"""Who runs this, as manifests are told."""

import os
import pwd
from pathlib import Path
from types import SimpleNamespace

import pytest

from reconciler.cli.caller import caller_at
from reconciler.model.caller import CALLER_CONSTANTS


@pytest.fixture
def ada(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    entry = SimpleNamespace(pw_name="ada", pw_dir="/home/ada")
    monkeypatch.setattr(os, "getuid", lambda: 1234)
    monkeypatch.setattr(os, "getgid", lambda: 2345)
    monkeypatch.setattr(os, "getgroups", lambda: [88, 2345, 77])
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: {1234: entry}[uid])
    return entry


@pytest.mark.usefixtures("ada")
def test_the_caller_is_the_process_user(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    found = caller_at(tmp_path / "link")
    told = [found.constant(name) for name in CALLER_CONSTANTS]
    assert told == ["1234", "2345", "77,88", "ada", "/home/ada", os.path.realpath(tmp_path)]


@pytest.mark.parametrize(
    ("name", "home"), [("LAB\\ada", "/home/ada:x"), ("", ""), ("ada smith", "nowhere")]
)
def test_what_no_entry_can_hold_is_told_as_none(ada: SimpleNamespace, name: str, home: str) -> None:
    ada.pw_name, ada.pw_dir = name, home
    found = caller_at(Path())
    assert (found.name, found.home) == ("", "")


@pytest.mark.usefixtures("ada")
def test_a_number_alone_is_a_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 9)
    assert (caller_at(Path()).uid, caller_at(Path()).name) == (9, "")


@pytest.mark.usefixtures("ada")
def test_roots_name_and_home_are_the_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwuid", lambda _: SimpleNamespace(pw_name="root", pw_dir="/root"))
    assert (caller_at(Path()).name, caller_at(Path()).home) == ("", "")
