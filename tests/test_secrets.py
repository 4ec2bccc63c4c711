from pathlib import Path

import pytest

from reconciler.secrets import MAX_BYTES, Secret, SecretError


def test_of_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_TOKEN", "old")
    secret = Secret(env="LAB_TOKEN")
    assert secret.read() == "old"
    monkeypatch.setenv("LAB_TOKEN", "new")
    assert secret.read() == "new"


def test_of_a_file_without_its_line_end(tmp_path: Path) -> None:
    place = tmp_path / "token"
    place.write_bytes(b" a word \r\n")
    assert Secret(file=str(place)).read() == " a word "


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"x" * (MAX_BYTES + 1), "larger than 64 KiB"),
        (b"secret\xff", "not UTF-8"),
    ],
)
def test_what_a_file_cannot_hold(tmp_path: Path, content: bytes, said: str) -> None:
    place = tmp_path / "token"
    place.write_bytes(content)
    with pytest.raises(SecretError, match=said) as caught:
        Secret(file=str(place)).read()
    assert "secret" not in str(caught.value).replace("no secret", "")
    assert caught.value.__cause__ is None


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SecretError, match="LAB_TOKEN, which a secret is read from, is not set"):
        Secret(env="LAB_TOKEN").read()
    with pytest.raises(SecretError, match="cannot be read: No such file"):
        Secret(file=str(tmp_path / "token")).read()
