from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.fleet import Fleet
from tests.e2e.project import Project
from tests.e2e.site import Site
from tests.e2e.store import Store
from tests.support.age import Sealer, sealer
from tests.support.nodes import Nodes, four_nodes
from tests.support.private_engine import PrivateEngine
from tests.support.relay import Relay
from tests.support.s3 import S3Server


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = Project(tmp_path)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def fleet(project: Project) -> Fleet:
    return Fleet(project)


@pytest.fixture
def age(project: Project, tmp_path: Path) -> Sealer:
    """Return an identity that the reconciler has."""
    identity = sealer(tmp_path / "identity")
    project.reconciler.env["RECONCILER_AGE_IDENTITIES"] = str(identity.file)
    return identity


@pytest.fixture
def engine() -> Iterator[PrivateEngine]:
    """An engine of the test's own, with which anything may be done."""
    made = PrivateEngine()
    try:
        made.start()
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    with four_nodes(tmp_path_factory.mktemp("nodes") / "n") as made:
        yield made


@pytest.fixture
def site(tmp_path: Path, nodes: Nodes) -> Iterator[Site]:
    made = Site(tmp_path, nodes)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with S3Server(tmp_path_factory.mktemp("s3")) as made:
        yield made


@pytest.fixture
def relay(server: S3Server) -> Iterator[Relay]:
    with Relay(server.port) as made:
        yield made


@pytest.fixture
def store(project: Project, server: S3Server, relay: Relay) -> Store:
    return Store(project, server, relay)
