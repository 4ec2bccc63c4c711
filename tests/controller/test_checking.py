"""Checks with a cache on disk and with several processes."""

import os
from pathlib import Path

import pytest

from reconciler.controller import checking, remembering
from reconciler.controller.remembering import Cache, cache_for
from reconciler.manifests.checking import Question, verdicts_of
from reconciler.manifests.guarding import Terms
from reconciler.model.policy import FOLDER, GIT
from tests.manifests.loaded import task

FILES = {f"{number:03}.yaml": task("x: 1", f"t{number}").encode() for number in range(450)}


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return cache_for("/source", FOLDER, tmp_path / "cache")


def path_of(cache: Cache) -> Path:
    assert cache.path is not None
    return cache.path


def test_side_by_side_is_as_one_by_one() -> None:
    question = Question({}, Terms(FOLDER, FOLDER))
    together: dict[str, bytes] = {}
    for part in checking.spread(FILES, question):
        together |= part
    assert together == verdicts_of(FILES, question)


US = os.getpid()


def dying(files: dict[str, bytes], question: Question) -> dict[str, bytes]:
    if os.getpid() != US and "200.yaml" in files:
        os._exit(9)
    return verdicts_of(files, question)


def test_a_worker_that_is_killed_costs_time_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.manifests.checking.verdicts_of", dying)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    found = checking.check(FILES, project="p", cache=None)
    assert (sum(found.counts.values()), len(found.problems)) == (450, 450)


def test_what_was_found_is_remembered(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    first = checking.check(FILES, project="p", cache=cache)

    def never(*_: object) -> None:
        raise AssertionError("looked at again")

    monkeypatch.setattr(checking, "spread", never)
    second = checking.check(FILES, project="p", cache=cache)
    assert second.problems == first.problems
    assert len(first.problems) == len(FILES)


def test_it_is_private(cache: Cache) -> None:
    checking.check(FILES, project="p", cache=cache)
    assert path_of(cache).parent.stat().st_mode & 0o777 == 0o700
    assert path_of(cache).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in path_of(cache).parent.iterdir()] == [path_of(cache).name]


@pytest.mark.parametrize("place", [0, 5, 9, 40, 200, -2])
def test_damage_is_noticed(cache: Cache, place: int) -> None:
    first = checking.check(FILES, project="p", cache=cache)
    data = bytearray(path_of(cache).read_bytes())
    data[place] ^= 1
    path_of(cache).write_bytes(data)
    assert len(cache.recall()) == len(FILES) - 1
    assert checking.check(FILES, project="p", cache=cache).problems == first.problems


@pytest.mark.parametrize("cut", [0, 1, 1000])
def test_half_a_file_is_half_of_what_was_known(cache: Cache, cut: int) -> None:
    first = checking.check(FILES, project="p", cache=cache)
    path_of(cache).write_bytes(path_of(cache).read_bytes()[:cut])
    assert checking.check(FILES, project="p", cache=cache).problems == first.problems


def test_another_policy_or_program_or_source_knows_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "cache"
    paths = {cache_for(source, policy, folder).path for source in "ab" for policy in (GIT, FOLDER)}
    monkeypatch.setattr(remembering, "_program", lambda: "another")
    assert len(paths | {cache_for("a", GIT, folder).path}) == 5


@pytest.mark.parametrize("there", ["file", "link", "foreign"])
def test_a_place_that_is_not_ours_is_not_used(tmp_path: Path, there: str) -> None:
    folder = tmp_path / "cache"
    if there == "file":
        folder.write_text("")
    elif there == "link":
        folder.symlink_to("/proc/1")
    else:
        folder.mkdir()
        try:
            os.chown(folder, 12345, 12345)
        except PermissionError:
            pytest.skip("only root can give a folder away")
    cache = cache_for("/source", FOLDER, folder)
    assert cache.path is None
    assert checking.check(FILES, project="p", cache=cache).counts.keys() == FILES.keys()


def test_a_link_in_the_cache_is_not_followed(cache: Cache, tmp_path: Path) -> None:
    checking.check(FILES, project="p", cache=cache)
    elsewhere = tmp_path / "elsewhere"
    path_of(cache).rename(elsewhere)
    path_of(cache).symlink_to(elsewhere)
    assert cache.recall() == {}


def test_what_is_long_unused_goes(cache: Cache) -> None:
    checking.check(FILES, project="p", cache=cache)
    old = path_of(cache).with_name("old.verdicts")
    old.write_text("x")
    os.utime(old, (0, 0))
    cache.remember({})
    assert not old.exists()
    assert path_of(cache).exists()
