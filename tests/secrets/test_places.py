from pathlib import Path

import pytest

from reconciler.model.operator import SecretPlace
from reconciler.secrets import MAX_BYTES, MAX_FILE_BYTES, MAX_WORD_BYTES, Secret, SecretError


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
    assert Secret(file=str(place)).word() == "a word"


def test_where_the_operator_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_TOKEN", "a variable's")
    (tmp_path / "token").write_text("a file's")
    assert Secret.at(SecretPlace(env="LAB_TOKEN")).read() == "a variable's"
    assert Secret.at(SecretPlace(file=str(tmp_path / "token"))).read() == "a file's"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b" \t\r\n", "is empty"),
        (b"x" * (MAX_BYTES + 1), "more than 64 KiB"),
        (b"pa55word\xff", "not UTF-8"),
    ],
)
def test_what_a_file_cannot_hold(tmp_path: Path, content: bytes, said: str) -> None:
    place = tmp_path / "token"
    place.write_bytes(content)
    with pytest.raises(SecretError, match=said) as caught:
        Secret(file=str(place)).read()
    assert "pa55word" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_word_is_shorter_than_a_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    longest = "x" * MAX_WORD_BYTES
    (tmp_path / "token").write_text(longest)
    monkeypatch.setenv("LAB_TOKEN", longest)
    for secret in (Secret(file=str(tmp_path / "token")), Secret(env="LAB_TOKEN")):
        assert secret.word() == longest
    (tmp_path / "token").write_text(longest + "x")
    monkeypatch.setenv("LAB_TOKEN", longest + "x")
    for secret in (Secret(file=str(tmp_path / "token")), Secret(env="LAB_TOKEN")):
        assert secret.read() == longest + "x"
        with pytest.raises(SecretError, match=f"^{secret} holds more than 8 KiB"):
            secret.word()


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SecretError, match="the variable LAB_TOKEN is not set"):
        Secret(env="LAB_TOKEN").read()
    with pytest.raises(SecretError, match="cannot be read: No such file"):
        Secret(file=str(tmp_path / "token")).read()


def test_a_file_is_handed_on_as_it_is(tmp_path: Path) -> None:
    place = tmp_path / "store"
    place.write_bytes(b"\x00\xff one\n")
    assert Secret(file=str(place)).raw() == b"\x00\xff one\n"
    place.write_bytes(b"")
    with pytest.raises(SecretError, match="is empty"):
        Secret(file=str(place)).raw()
    place.write_bytes(b"x" * (MAX_FILE_BYTES + 1))
    with pytest.raises(SecretError, match="more than 1024 KiB"):
        Secret(file=str(place)).raw()
