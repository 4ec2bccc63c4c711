import stat
from pathlib import Path

import pytest

from reconciler.notices import Failure
from reconciler.notices.memory import Told
from reconciler.notices.record import load, save

WEB = Failure("task web", "web/0: exit 1", cause="Failed")
SOURCE = Failure("the source", "6dcb is not read", cause="6dcb")
NOON = 1_700_000_000.0


def test_what_was_told_is_as_old_by_another_clock(tmp_path: Path) -> None:
    path = tmp_path / "told.json"
    save(path, [Told(WEB, 90), Told(SOURCE, 100)], NOON, 100)
    assert load(path, NOON + 30, 7) == [Told(WEB, -33), Told(SOURCE, -23)]
    assert load(path, NOON - 3600, 7) == [Told(WEB, 7), Told(SOURCE, 7)]


def test_only_the_last_word_is_kept_and_nobody_else_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "told.json"
    save(path, [Told(WEB, 0)], NOON, 0)
    save(path, [Told(SOURCE, 0)], NOON, 0)
    assert [told.failure for told in load(path, NOON, 0)] == [SOURCE]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [found.name for found in tmp_path.iterdir()] == ["told.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b'[{"subject": 1}]', b"\xff"])
def test_what_cannot_be_read_counts_for_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "told.json"
    assert load(path, NOON, 0) == []
    path.write_bytes(content)
    assert load(path, NOON, 0) == []
