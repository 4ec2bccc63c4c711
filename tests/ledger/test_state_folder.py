import os
import stat
from pathlib import Path

import pytest

from reconciler.ledger import (
    LedgerUnwritable,
    StateFolderError,
    default_state_folder,
    prepare_state_folder,
)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_default_is_the_platforms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_state_folder("demo") == tmp_path / "reconciler" / "demo"
    assert list(tmp_path.iterdir()) == []


def test_it_is_made_private(tmp_path: Path) -> None:
    folder = prepare_state_folder(tmp_path / "a" / "b")
    assert mode(folder) == 0o700


def test_an_open_one_is_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    assert mode(prepare_state_folder(tmp_path)) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_another_users_is_refused(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir(mode=0o755)
    os.chown(theirs, 12345, 12345)
    with pytest.raises(StateFolderError, match="belongs to user 12345"):
        prepare_state_folder(theirs)
    assert mode(theirs) == 0o755


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_another_users_link_is_refused(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    os.lchown(link, 12345, 12345)
    with pytest.raises(StateFolderError, match="12345"):
        prepare_state_folder(link)


def test_a_file_in_its_place_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateFolderError, match="not a folder"):
        prepare_state_folder(tmp_path / "file")
    with pytest.raises(LedgerUnwritable, match="cannot be used"):
        prepare_state_folder(tmp_path / "file" / "below")
