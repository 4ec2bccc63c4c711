"""Whose signatures count, with keys of both kinds and the programs that really look at them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.sources.git import GitSettings, GitSource, RemoteError, Signers, Standing
from tests.support.repository import Repository
from tests.support.signing import Signer, signers


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "jobs")


@pytest.fixture(params=["openpgp", "ssh"])
def people(request: pytest.FixtureRequest) -> Iterator[list[Signer]]:
    with signers(request.param, "alice", "mallory") as made:
        yield made


@pytest.fixture
def pgp() -> Iterator[Signer]:
    with signers("openpgp", "alice") as [alice]:
        yield alice


def signed(repository: Repository, signer: Signer, text: str) -> str:
    (repository.root / "a.yaml").write_text(text)
    repository.git("add", "--all")
    repository.git(*signer.words, "commit", "--quiet", "--gpg-sign", "--message=signed")
    return repository.git("rev-parse", "HEAD")


def trusting(*trusted: Signer) -> Signers:
    by = {signer.kind: signer.public for signer in trusted}
    return Signers(openpgp=by.get("openpgp"), ssh=by.get("ssh"))


def following(repository: Repository, trusted: Signers, **more: str) -> GitSource:
    chosen = more or {"branch": "main"}
    settings = GitSettings(url=str(repository.root), signers=trusted, **chosen)  # type: ignore[arg-type]  # branch or tag
    return GitSource(settings, repository.root.with_name("mirror"))


def why_not(source: GitSource) -> str:
    assert not source.poll()
    kind, sentence, _ = source.standing
    assert kind is Standing.UNTRUSTED
    return sentence


def test_only_what_a_signer_has_signed_is_read(
    repository: Repository, people: list[Signer]
) -> None:
    alice, mallory = people
    source = following(repository, trusting(alice))
    repository.commit(a="unsigned")
    assert why_not(source).endswith("is not read: it is not signed")
    assert not source.read().complete
    good = signed(repository, alice, "good")
    assert source.poll()
    commit = source.read().commit
    assert commit is not None
    assert commit.signer.startswith("alice@example.org (")
    signed(repository, mallory, "evil")
    assert why_not(source).endswith("the key that signed it is none of the signers'")
    repository.commit(a="unsigned again")
    assert "it is not signed" in why_not(source)
    read = source.read()
    assert (read.revision, dict(read.files), read.complete) == (good, {"a.yaml": b"good"}, True)
    later = signed(repository, alice, "later")
    assert source.poll()
    assert following(repository, trusting(alice)).read().revision == later


def test_a_signature_of_something_else(repository: Repository, people: list[Signer]) -> None:
    alice = people[0]
    commit = signed(repository, alice, "good")
    content = repository.git("cat-file", "commit", commit).replace("signed", "changed") + "\n"
    forged = repository.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=content.encode())
    repository.git("update-ref", "refs/heads/main", forged)
    assert "its signature is bad" in why_not(following(repository, trusting(alice)))


def test_a_revoked_key(repository: Repository, pgp: Signer) -> None:
    signed(repository, pgp, "good")
    pgp.revoke()
    assert "is revoked" in why_not(following(repository, trusting(pgp)))


def test_an_expired_key(repository: Repository) -> None:
    with signers("openpgp", "alice", past=True) as [alice]:
        signed(repository, alice, "good")
        assert "has expired" in why_not(following(repository, trusting(alice)))


def test_a_line_of_signers_that_has_expired(repository: Repository) -> None:
    with signers("ssh", "alice") as [alice]:
        signed(repository, alice, "good")
        line = alice.public.read_text().replace("namespaces", 'valid-before="20200101",namespaces')
        alice.public.write_text(line)
        assert "has expired" in why_not(following(repository, trusting(alice)))


def test_both_kinds_at_once(repository: Repository, pgp: Signer) -> None:
    with signers("ssh", "bob") as [bob]:
        source = following(repository, trusting(pgp, bob))
        for signer in (pgp, bob):
            signed(repository, signer, signer.kind)
            assert source.poll()


def test_signers_that_change_count_at_once(repository: Repository, people: list[Signer]) -> None:
    alice, mallory = people
    signed(repository, alice, "good")
    source = following(repository, trusting(alice))
    source.poll()
    alice.public.write_bytes(mallory.public.read_bytes())
    read = source.read()
    assert (read.complete, dict(read.files)) == (False, {})
    assert "signed by none of those who are trusted now" in read.problem


def test_a_signature_is_asked_for_from_now_on(repository: Repository, people: list[Signer]) -> None:
    repository.commit(a="unsigned")
    following(repository, Signers()).poll()
    source = following(repository, trusting(people[0]))
    assert not source.read().complete
    signed(repository, people[0], "good")
    source.poll()
    assert source.read().complete


def test_going_back_to_what_was_signed_before_is_held(
    repository: Repository, people: list[Signer]
) -> None:
    first = signed(repository, people[0], "one")
    second = signed(repository, people[0], "two")
    source = following(repository, trusting(people[0]))
    source.poll()
    repository.git("update-ref", "refs/heads/main", first)
    source.poll()
    assert (source.revision, source.held()) == (second, first)


class TestTags:
    def tagged(self, repository: Repository, signer: Signer, name: str) -> str:
        repository.git(*signer.words, "tag", "--sign", "--message=v", name)
        return repository.git("rev-parse", f"{name}^{{commit}}")

    def test_a_signed_tag_of_an_unsigned_commit(
        self, repository: Repository, people: list[Signer]
    ) -> None:
        repository.commit(a="unsigned")
        commit = self.tagged(repository, people[0], "v1")
        source = following(repository, trusting(people[0]), tag="v1")
        assert source.poll()
        assert source.read().revision == commit
        assert following(repository, trusting(people[0]), tag="v1").read().complete

    def test_a_tag_of_somebody_else(self, repository: Repository, people: list[Signer]) -> None:
        repository.commit(a="unsigned")
        self.tagged(repository, people[1], "v1")
        assert "is not read" in why_not(following(repository, trusting(people[0]), tag="v1"))

    def test_another_tag_under_this_name(
        self, repository: Repository, people: list[Signer]
    ) -> None:
        repository.commit(a="unsigned")
        self.tagged(repository, people[0], "old")
        repository.git("update-ref", "refs/tags/new", "refs/tags/old")
        source = following(repository, trusting(people[0]), tag="new")
        assert why_not(source).endswith("it was signed as the tag old")


@pytest.mark.parametrize("kind", ["openpgp", "ssh"])
def test_signers_that_cannot_be_read(repository: Repository, tmp_path: Path, kind: str) -> None:
    repository.commit(a="a")
    missing = tmp_path / "missing"
    wanted = Signers(openpgp=missing) if kind == "openpgp" else Signers(ssh=missing)
    with pytest.raises(RemoteError, match=r"the signers in .* cannot be read"):
        following(repository, wanted).poll()


def test_a_keyring_without_keys(repository: Repository, tmp_path: Path) -> None:
    repository.commit(a="a")
    (tmp_path / "keys").write_text("no keys")
    with pytest.raises(RemoteError, match="holds no OpenPGP keys"):
        following(repository, Signers(openpgp=tmp_path / "keys")).poll()
