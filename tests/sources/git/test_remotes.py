"""Remotes by each way that they are reached: file, the daemon, https with a password, ssh."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec import Struct

from reconciler.secrets import Secret
from reconciler.sources.git import (
    Basic,
    GitSettings,
    GitSource,
    RemoteError,
    SshKey,
    Standing,
    Token,
)
from tests.support.exposure import files_with, watched
from tests.support.git_servers import GitDaemon, HttpsServer, Proxy, Sshd, serving
from tests.support.repository import Repository


class Way(Struct):
    """A server, and the settings by which it is reached."""

    server: GitDaemon | HttpsServer | Sshd | None
    settings: Callable[..., GitSettings]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "served" / "jobs")


@pytest.fixture
def https(repository: Repository, tmp_path: Path) -> Iterator[HttpsServer]:
    server = HttpsServer(repository.root.parent, tmp_path / "https")
    with serving(server):
        yield server


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    server = Sshd(tmp_path / "sshd")
    with serving(server):
        yield server


@pytest.fixture(params=["file", "path", "daemon", "https", "ssh"])
def way(request: pytest.FixtureRequest, repository: Repository) -> Iterator[Way]:
    root = repository.root
    if request.param == "https":
        server = request.getfixturevalue("https")
        yield Way(server, lambda **more: over_https(server, **more))
    elif request.param == "ssh":
        sshd = request.getfixturevalue("sshd")
        yield Way(sshd, lambda **more: over_ssh(sshd, root, **more))
    elif request.param == "daemon":
        daemon = GitDaemon(root.parent)
        with serving(daemon):
            url = f"{daemon.url}/jobs"
            yield Way(daemon, lambda **more: GitSettings(url=url, branch="main", **more))
    else:
        url = f"file://{root}" if request.param == "file" else str(root)
        yield Way(None, lambda **more: GitSettings(url=url, branch="main", **more))


def over_https(server: HttpsServer, **more: object) -> GitSettings:
    given = {"credentials": Basic(server.user, written(server.ca, server.password)), **more}
    url = f"{server.url}/jobs"
    return GitSettings(**{"url": url, "branch": "main", "ca": server.ca, **given})  # type: ignore[arg-type]  # whatever a test wants


def over_ssh(server: Sshd, root: Path, **more: object) -> GitSettings:
    given = {
        "credentials": SshKey(Secret(file=str(server.key))),
        "known_hosts": server.known_hosts(),
        **more,
    }
    return GitSettings(url=f"{server.url}{root}", branch="main", **given)  # type: ignore[arg-type]  # as above


def written(beside: Path, secret: str) -> Secret:
    path = beside.with_name(f"secret-{secret[:2]}")
    path.write_text(secret + "\n")
    path.chmod(0o440)
    return Secret(file=str(path))


def refusal(settings: GitSettings, mirror: Path) -> str:
    with pytest.raises(RemoteError) as caught:
        GitSource(settings, mirror).poll()
    return str(caught.value)


def test_a_commit_arrives_and_what_was_fetched_outlives_the_server(
    way: Way, repository: Repository, tmp_path: Path
) -> None:
    first = repository.commit(a="one")
    source = GitSource(way.settings(), tmp_path / "mirror")
    assert not source.read().complete
    assert source.poll()
    assert not source.poll()
    read = source.read()
    assert (read.revision, dict(read.files), read.complete) == (first, {"a.yaml": b"one"}, True)
    assert read.project == "jobs"
    second = repository.commit(a="two")
    assert source.poll()
    assert source.read().revision == second
    if way.server is None:
        repository.root.rename(tmp_path / "away")
    else:
        way.server.stop()
    with pytest.raises(RemoteError):
        source.poll()
    assert source.standing[0] is Standing.UNREACHABLE
    again = GitSource(way.settings(), tmp_path / "mirror")
    assert dict(again.read().files) == {"a.yaml": b"two"}
    assert again.read().complete
    if way.server is None:
        (tmp_path / "away").rename(repository.root)
    else:
        way.server.start()
    third = repository.commit(a="three")
    assert again.poll()
    assert again.read().revision == third


class TestHttps:
    def test_a_token_with_a_user_of_its_own(
        self, https: HttpsServer, repository: Repository, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        repository.commit(a="one")
        monkeypatch.setenv("JOBS_TOKEN", https.password)
        token = Token(Secret(env="JOBS_TOKEN"), user=https.user)
        assert GitSource(over_https(https, credentials=token), tmp_path / "mirror").poll()

    def test_what_is_told_of_is_fetched_without_a_look_before(
        self, https: HttpsServer, repository: Repository, tmp_path: Path
    ) -> None:
        repository.commit(a="one")
        source = GitSource(over_https(https), tmp_path / "mirror")
        source.poll()
        second = repository.commit(a="two")
        https.authorizations.clear()
        assert source.poll(hinted=True)
        assert source.read().revision == second
        assert not source.poll(hinted=True)
        # Each process of git asks once without the password.
        assert https.authorizations.count("") == 2

    def test_a_wrong_password(
        self, https: HttpsServer, repository: Repository, tmp_path: Path
    ) -> None:
        repository.commit(a="one")
        wrong = Basic(https.user, written(https.ca, "wr0ng-one"))
        said = refusal(over_https(https, credentials=wrong), tmp_path / "mirror")
        assert "does not take the credential that was given (401)" in said
        assert "wr0ng-one" not in said

    def test_no_password(self, https: HttpsServer, repository: Repository, tmp_path: Path) -> None:
        repository.commit(a="one")
        said = refusal(over_https(https, credentials=None), tmp_path / "mirror")
        assert "does not take a reader without credentials (401)" in said

    def test_a_repository_that_is_not_there(
        self, https: HttpsServer, repository: Repository, tmp_path: Path
    ) -> None:
        said = refusal(over_https(https, url=f"{https.url}/gone"), tmp_path / "mirror")
        assert said.startswith(f"there is no repository {https.url}/gone")

    def test_a_certificate_that_nobody_vouches_for(
        self, https: HttpsServer, repository: Repository, tmp_path: Path
    ) -> None:
        said = refusal(over_https(https, ca=None), tmp_path / "mirror")
        assert "is not trusted" in said
        assert https.authorizations == []

    def test_a_redirection_to_another_host_gets_no_password(
        self, https: HttpsServer, repository: Repository, tmp_path: Path
    ) -> None:
        repository.commit(a="one")
        first = HttpsServer(repository.root.parent, tmp_path / "first")
        both = tmp_path / "both.pem"
        both.write_bytes(https.ca.read_bytes() + first.ca.read_bytes())
        first.redirect = https.url
        with serving(first):
            said = refusal(over_https(https, url=f"{first.url}/jobs", ca=both), tmp_path / "m")
        assert "(401)" in said
        assert set(https.authorizations) == {""}

    def test_a_proxy(self, https: HttpsServer, repository: Repository, tmp_path: Path) -> None:
        repository.commit(a="one")
        proxy = Proxy()
        with serving(proxy):
            settings = over_https(https, proxy=proxy.url)
            assert GitSource(settings, tmp_path / "mirror").poll()
        assert set(proxy.led) == {f"127.0.0.1:{https.port}"}

    def test_passwords_of_the_users_own_are_not_looked_for(
        self, https: HttpsServer, repository: Repository, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        repository.commit(a="one")
        netrc = f"machine 127.0.0.1 login {https.user} password {https.password}\n"
        (tmp_path / ".netrc").write_text(netrc)
        (tmp_path / ".gitconfig").write_text("[credential]\n\thelper = !touch asked; false\n")
        monkeypatch.setenv("HOME", str(tmp_path))
        assert "(401)" in refusal(over_https(https, credentials=None), tmp_path / "mirror")
        assert not list(tmp_path.rglob("asked"))

    def test_a_proxy_that_is_not_there(
        self, https: HttpsServer, repository: Repository, tmp_path: Path
    ) -> None:
        said = refusal(over_https(https, proxy="http://u:pr0xy-pass@127.0.0.1:9"), tmp_path / "m")
        assert "cannot be reached" in said
        assert "pr0xy-pass" not in said

    @pytest.mark.parametrize(
        ("secret", "told"),
        [
            (Secret(env="NOT_THERE"), "the variable NOT_THERE is not set"),
            (Secret(file="/nowhere/token"), "the file /nowhere/token cannot be read"),
        ],
    )
    def test_a_credential_that_is_not_there(
        self, https: HttpsServer, tmp_path: Path, secret: Secret, told: str
    ) -> None:
        settings = over_https(https, credentials=Token(secret))
        assert told in refusal(settings, tmp_path / "mirror")


class TestSsh:
    def test_a_key_in_a_variable(
        self, sshd: Sshd, repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        repository.commit(a="one")
        monkeypatch.setenv("JOBS_KEY", sshd.key.read_text())
        key = SshKey(Secret(env="JOBS_KEY"))
        settings = over_ssh(sshd, repository.root, credentials=key)
        assert GitSource(settings, tmp_path / "mirror").poll()

    def test_a_key_that_was_written_elsewhere(
        self, sshd: Sshd, repository: Repository, tmp_path: Path
    ) -> None:
        repository.commit(a="one")
        key = tmp_path / "key"
        key.write_bytes(sshd.key.read_bytes().replace(b"\n", b"\r\n"))
        settings = over_ssh(sshd, repository.root, credentials=SshKey(Secret(file=str(key))))
        assert GitSource(settings, tmp_path / "mirror").poll()

    def test_a_key_that_others_may_read_and_a_path_with_spaces(
        self, sshd: Sshd, repository: Repository, tmp_path: Path
    ) -> None:
        repository.commit(a="one")
        folder = tmp_path / "a 100% folder"
        folder.mkdir()
        key, hosts = folder / "key", folder / "known hosts"
        key.write_bytes(sshd.key.read_bytes())
        key.chmod(0o644)
        hosts.write_bytes(sshd.known_hosts().read_bytes())
        settings = over_ssh(
            sshd, repository.root, credentials=SshKey(Secret(file=str(key))), known_hosts=hosts
        )
        assert GitSource(settings, folder / "mirror").poll()

    def test_a_wrong_host_key(self, sshd: Sshd, repository: Repository, tmp_path: Path) -> None:
        hosts = sshd.known_hosts(sshd.make_key("other"))
        said = refusal(over_ssh(sshd, repository.root, known_hosts=hosts), tmp_path / "mirror")
        assert f"shows another host key than {hosts} has" in said

    def test_an_unknown_host(self, sshd: Sshd, repository: Repository, tmp_path: Path) -> None:
        hosts = tmp_path / "empty"
        hosts.touch()
        said = refusal(over_ssh(sshd, repository.root, known_hosts=hosts), tmp_path / "mirror")
        assert f"{hosts} has no host key for it" in said
        assert f"`ssh-keyscan -p {sshd.port} 127.0.0.1`" in said
        assert hosts.read_bytes() == b""

    def test_a_key_that_the_host_does_not_take(
        self, sshd: Sshd, repository: Repository, tmp_path: Path
    ) -> None:
        key = SshKey(Secret(file=str(sshd.make_key("other"))))
        said = refusal(over_ssh(sshd, repository.root, credentials=key), tmp_path / "mirror")
        assert f"does not take the ssh key in the file {sshd.folder}/other" in said

    def test_a_key_with_a_passphrase(
        self, sshd: Sshd, repository: Repository, tmp_path: Path
    ) -> None:
        key = SshKey(Secret(file=str(sshd.make_key("locked", "a passphrase"))))
        said = refusal(over_ssh(sshd, repository.root, credentials=key), tmp_path / "mirror")
        assert "has a passphrase" in said

    def test_a_repository_that_is_not_there(self, sshd: Sshd, tmp_path: Path) -> None:
        said = refusal(over_ssh(sshd, tmp_path / "gone"), tmp_path / "mirror")
        assert said.startswith("there is no repository ssh://")

    def test_the_users_agent_is_not_asked(
        self, sshd: Sshd, repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
        said = refusal(over_ssh(sshd, repository.root, credentials=None), tmp_path / "mirror")
        assert "does not take a caller without an ssh key" in said


class TestAddressesAndNames:
    @pytest.mark.parametrize(
        "url",
        ["", "-oProxyCommand=x", "ext::sh -c x", "ext::x", "jobs", "../jobs", "ftp://host/jobs",
         "ssh://-oProxyCommand=x/jobs", "-x@host:jobs", "https://", "https://h:99999/x",
         "https://h/a\nb"],
    )  # fmt: skip
    def test_no_address(self, url: str) -> None:
        with pytest.raises(RemoteError):
            GitSettings(url=url)

    def test_a_password_in_the_address_is_refused_and_not_told(self) -> None:
        with pytest.raises(RemoteError, match="give it as a credential") as caught:
            GitSettings(url="https://me:t0psecret@host/jobs")
        assert "t0psecret" not in str(caught.value)

    @pytest.mark.parametrize("name", ["-x", "--upload-pack=x", "a..b", "a b", "a:b", "a~1", "/a"])
    def test_no_branch(self, name: str) -> None:
        with pytest.raises(RemoteError, match="cannot be the name"):
            GitSettings(url="/jobs", branch=name)

    @pytest.mark.parametrize("path", ["../x", "/x", "a/../b", "a\nb"])
    def test_no_folder(self, path: str) -> None:
        with pytest.raises(RemoteError, match="no path within"):
            GitSettings(url="/jobs", path=path)

    def test_a_short_commit(self) -> None:
        with pytest.raises(RemoteError, match="all 40 digits"):
            GitSettings(url="/jobs", commit="12ab34c")

    def test_two_choices(self) -> None:
        with pytest.raises(RemoteError, match="a branch or a tag"):
            GitSettings(url="/jobs", branch="main", tag="v1")

    def test_a_token_goes_nowhere_in_the_clear(self) -> None:
        with pytest.raises(RemoteError, match="in the clear"):
            GitSettings(url="http://host/jobs", credentials=Token(Secret(env="T")))


def test_secrets_are_seen_nowhere(
    https: HttpsServer, sshd: Sshd, repository: Repository, tmp_path: Path
) -> None:
    """While calls are under way, and in all that they leave."""
    repository.commit(a="one")
    key_words = sshd.key.read_text().splitlines()[1]
    ways = [
        (over_https(https), https.password),
        (over_ssh(sshd, repository.root), key_words),
    ]
    for number, (settings, secret) in enumerate(ways):
        mirror = tmp_path / f"mirror-{number}"
        with watched() as seen:
            assert GitSource(settings, mirror).poll()
        assert any("fetch" in line for line in seen)
        assert not [line for line in seen if secret in line]
        assert (mirror / "given.json").is_file()
        assert not files_with(secret, mirror)
