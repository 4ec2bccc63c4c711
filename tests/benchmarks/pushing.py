"""(h) From the webhook of a push to the first call that it leads to, and what no news costs.

The repository is behind https with a password, as most are. What the engine is asked goes
through a socket of ours, which sees each call come.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.benchmarks.bench import Bench, until
from tests.benchmarks.fleet import Follower, Remote, following
from tests.benchmarks.project import Project, project
from tests.benchmarks.table import Claim, Figure, Item, bound
from tests.support.git_servers import HttpsServer, serving
from tests.support.proxy import Proxy, Request

_MILLI = 1000.0
# A webhook within a second of the one before would have to wait for the rest of it.
_BREATH = 1.2
# What is asked every few seconds, news or not: whether the engine is well, the claim ours, what
# runs of ours uses, and what others take, whose containers are listed and looked at.
_HEALTH = re.compile(r"/(_ping|info|volumes/.*|containers/[0-9a-f]{64}/(json|stats))")
_OTHERS = "all=0"


@dataclass(frozen=True, slots=True)
class _Site:
    """A project in a repository, its server, and the socket to the engine."""

    bench: Bench
    project: Project
    remote: Remote
    server: HttpsServer
    proxy: Proxy

    @contextmanager
    def followed(self) -> Iterator[Follower]:
        """Have the repository followed for the length of a block, from where it stands."""
        home = self.project.folder.parent
        password = home / "password"
        password.write_text(self.server.password)
        credential = {
            "user": self.server.user,
            "password": {"file": str(password)},
            "ca": str(self.server.ca),
        }
        url = f"{self.server.url}/{self.remote.path}"
        with following(
            self.bench, home / "follower", url, credential=credential, engine=self.proxy.url
        ) as follower:  # fmt: skip
            follower.await_at_rest(self.remote.commit)
            yield follower


def measure(bench: Bench) -> Item:
    """Push one more instance again and again; then look for news where there is none."""
    item = Item("h", "webhook of a push -> first engine call")
    with _site(bench) as site, site.followed() as follower:
        values = tuple(_push(site, follower, n + 2) for n in range(bench.sizes.pushes))
        figure = Figure("webhook -> first call", "ms", values)
        item.figures.append(figure)
        item.claims += [bound(figure, "median"), bound(figure, "p95", 1000.0)]
        _look_for_news(site, follower, item)
    item.notes.append(
        "from before the webhook's connection to the first call on the engine's socket that"
        " changes anything; the repository is asked by https, with a password"
    )
    return item


@contextmanager
def _site(bench: Bench) -> Iterator[_Site]:
    with project(bench, 1) as ours:
        remote = Remote(ours.folder, ours.folder.parent / "served")
        remote.publish()
        server = HttpsServer(remote.base, ours.folder.parent / "https")
        proxy = Proxy(bench.scratch / "docker.sock")
        proxy.start()
        try:
            with serving(server):
                yield _Site(bench, ours, remote, server, proxy)
        finally:
            proxy.stop()


def _push(site: _Site, follower: Follower, instances: int) -> float:
    """Ask for one more instance; return the milliseconds until the engine is asked for it."""
    site.project.save(instances)
    site.remote.push()
    time.sleep(_BREATH)
    seen, began = len(site.proxy.requests), time.perf_counter()
    follower.tell(site.remote.commit)
    site.bench.running(site.project.label, instances)
    first = next(r for r in site.proxy.requests[seen:] if r.method != "GET")
    return (first.at - began) * _MILLI


def _look_for_news(site: _Site, follower: Follower, item: Item) -> None:
    """Count what the engine is asked while the remote is looked at and has nothing new."""
    seen, looks = len(site.proxy.requests), site.bench.sizes.pushes
    for number in range(looks):
        _have_looked(site, follower, f"no news {number}")
    calls = site.proxy.requests[seen:]
    caused = [call for call in calls if not _is_routine(call)]
    item.claims.append(Claim(f"calls in {looks} looks without news", len(caused), "calls", 0.0))
    item.notes.append(f"meanwhile the engine's health was asked for by {len(calls)} calls")


def _is_routine(call: Request) -> bool:
    return bool(_HEALTH.fullmatch(call.path)) or _OTHERS in call.query


def _have_looked(site: _Site, follower: Follower, mark: str) -> None:
    before = _asked(site)
    follower.tell(mark)
    until(lambda: _asked(site) > before, "a look at the remote")
    time.sleep(_BREATH)


def _asked(site: _Site) -> int:
    """Count git's processes at the server: each tries it without the password first."""
    return site.server.authorizations.count("")
