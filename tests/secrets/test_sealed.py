from pathlib import Path

import pyrage
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reconciler.secrets import SecretError, opened
from tests.support.age import sealer


@pytest.mark.parametrize("armored", [False, True])
def test_the_first_identity_that_can_opens_a_file(tmp_path: Path, *, armored: bool) -> None:
    other, mine = sealer(tmp_path / "other"), sealer(tmp_path / "mine")
    data = mine.seal(b"\x00\xff value\n", armored=armored)
    assert opened("t.age", data, [str(other.file), str(mine.file)]) == b"\x00\xff value\n"


def test_an_identity_may_be_a_key_of_ssh(tmp_path: Path) -> None:
    key, file = Ed25519PrivateKey.generate(), tmp_path / "id_ed25519"
    form = serialization.PrivateFormat.OpenSSH
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    data = pyrage.encrypt(b"value", [pyrage.ssh.Recipient.from_str(public.decode())])
    assert opened("t.age", data, [str(file)]) == b"value"


def refusal(data: bytes, *identities: str) -> str:
    with pytest.raises(SecretError) as refused:
        opened("secrets/t.age", data, identities)
    assert refused.value.__cause__ is None
    return str(refused.value)


def test_what_is_wrong_is_said_without_a_key(tmp_path: Path) -> None:
    mine, other = sealer(tmp_path / "mine"), sealer(tmp_path / "other")
    data = other.seal(b"value")
    assert "ageIdentities" in refusal(data)
    assert "secrets/t.age is not opened by" in refusal(data, str(mine.file))
    assert "secrets/t.age is not opened by" in refusal(b"nonsense", str(mine.file))
    assert "cannot be read: No such file" in refusal(data, str(tmp_path / "none"))
    bad = tmp_path / "bad"
    for text in ("AGE-SECRET-KEY-1QQQQ\n", "hunter2\n", "# nothing\n", "BEGIN PRIVATE KEY-----"):
        bad.write_text(text)
        assert "QQQQ" not in refusal(data, str(bad))
        assert "hunter2" not in refusal(data, str(bad))
