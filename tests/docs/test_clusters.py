"""What docs/clusters.md shows is so: its manifests, names, exit codes and commands."""

import re

from reconciler.manifests import load
from reconciler.model.cluster import peer_name
from reconciler.planning.peering import PEERS, cluster_variables
from reconciler.planning.start_script import EXITS
from tests.cli.helpers import call
from tests.planning.test_peering import PEERS as SOME
from tests.support.process import ROOT

PAGE = (ROOT / "docs" / "clusters.md").read_text("utf-8")


def test_its_manifests_are_valid() -> None:
    found = re.findall(r"```yaml\n(apiVersion.*?)```", PAGE, re.DOTALL)
    catalog = load({"a.yaml": "---\n".join(found).encode()}, project="demo", revision="f-1")
    assert catalog.problems == ()
    assert catalog.desired is not None
    ring, desk = (catalog.desired.tasks[name].spec for name in ("ring", "desk"))
    assert ring.cluster is not None
    assert (ring.cluster.port, ring.cluster.slots, ring.user) == (2022, 2, "1000:1000")
    assert desk.ssh is not None
    assert [port.container for port in desk.ports] == [desk.ssh.port]


def test_it_names_the_profiles_what_instances_find_and_how_they_fail() -> None:
    for name in ("docker-cluster", "docker-cluster-network", "docker-cluster-network-ssh"):
        assert f"`{name}`" in PAGE
    assert peer_name("TASK", 0) in PAGE
    assert PEERS in PAGE
    assert {name for name, _ in cluster_variables(SOME, 0, "/x")} <= {*re.findall(r"\w+", PAGE)}
    told = dict(re.findall(r"^\| (1\d\d) \| (.*) \|$", PAGE, re.MULTILINE))
    assert {int(code): why for code, why in told.items()} == EXITS


def test_its_verbs_are_there() -> None:
    assert call("ssh", "--help").exit_code == 0
