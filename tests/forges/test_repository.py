import pytest

from reconciler.forges import ForgeError, Kind
from reconciler.forges.repository import repository_of


@pytest.mark.parametrize(
    ("kind", "url", "api", "name"),
    [
        ("github", "https://github.com/lab/fleet.git", "https://api.github.com", "lab/fleet"),
        ("github", "https://github.com/lab/fleet/", "https://api.github.com", "lab/fleet"),
        ("github", "git@github.com:lab/fleet.git", "https://api.github.com", "lab/fleet"),
        ("github", "ssh://git@github.com/lab/fleet", "https://api.github.com", "lab/fleet"),
        ("github", "ssh://git@ssh.github.com:443/lab/fleet", "https://api.github.com", "lab/fleet"),
        ("github", "https://ghe.example.org/lab/fleet", "https://ghe.example.org/api/v3", None),
        ("gitea", "https://u:p@git.example.org:3000/lab/fleet.git",
         "https://git.example.org:3000/api/v1", None),
        ("gitea", "https://example.org/git/lab/fleet.git", "https://example.org/git/api/v1", None),
        ("forgejo", "ssh://git@codeberg.org:22/lab/fleet.git", "https://codeberg.org/api/v1", None),
        ("forgejo", "http://[::1]:3000/lab/fleet.git", "http://[::1]:3000/api/v1", None),
        ("gitlab", "git@gitlab.com:lab/sub/fleet.git", "https://gitlab.com/api/v4",
         "lab/sub/fleet"),
        ("gitlab", "https://gitlab.example.org/lab/fleet", "https://gitlab.example.org/api/v4",
         None),
    ],
)  # fmt: skip
def test_the_source_tells(kind: str, url: str, api: str, name: str | None) -> None:
    found = repository_of(Kind(kind), url)
    assert (found.api, found.name) == (api, name or "lab/fleet")


@pytest.mark.parametrize(
    ("given", "api"),
    [
        ("https://git.example.org", "https://git.example.org/api/v1"),
        ("https://git.example.org/", "https://git.example.org/api/v1"),
        ("https://git.example.org/git/api/v1/", "https://git.example.org/git/api/v1"),
    ],
)
def test_the_api_that_is_given(given: str, api: str) -> None:
    found = repository_of(Kind.GITEA, "git@ssh.example.org:lab/fleet.git", api=given)
    assert (found.api, found.name) == (api, "lab/fleet")


@pytest.mark.parametrize(
    ("url", "api", "name", "said"),
    [
        ("file:///srv/fleet.git", "", "", "give `api` and `repository`"),
        ("/srv/fleet.git", "", "", "give `api` and `repository`"),
        ("https://[nonsense/lab/fleet", "", "", "give `api` and `repository`"),
        ("https://github.com:port/lab/fleet", "", "", "give `api` and `repository`"),
        ("https://github.com/fleet", "", "", "give OWNER/NAME"),
        ("https://github.com/lab/..", "", "", "give OWNER/NAME"),
        ("https://github.com/lab/fleet", "", "fleet", "give OWNER/NAME"),
        ("https://github.com/lab/fleet", "ftp://github.com", "", "begins with https://"),
        ("https://github.com/lab/fleet", "https://u:p@github.com", "", "no user"),
    ],
)
def test_what_cannot_be_told(url: str, api: str, name: str, said: str) -> None:
    with pytest.raises(ForgeError, match=said) as caught:
        repository_of(Kind.GITHUB, url, api=api, name=name)
    assert "u:p" not in str(caught.value)
