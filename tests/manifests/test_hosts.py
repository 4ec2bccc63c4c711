"""A list of hosts: what nodes it makes, what is wrong with it, and what manifests still say."""

import pytest

from reconciler import manifests
from reconciler.manifests import HostList
from reconciler.model.desired import NodeSpec, Tls
from reconciler.model.hosts import Hosts, hosts_of, hosts_text
from reconciler.model.operator import Way
from reconciler.model.problem import Severity
from tests.manifests.loaded import document, task
from tests.manifests.test_settings import places, read


def listed(text: str, way: Way | None = None, *here: str) -> HostList:
    return manifests.host_list("hosts", text.encode(), way or Way(), here)


def hosts(text: str, endpoint: str = "") -> Hosts:
    found = listed(text, Way(endpoint=endpoint)).hosts
    assert found is not None
    return found


def ways(text: str, endpoint: str = "", *here: str) -> dict[str, str]:
    found = listed(text, Way(endpoint=endpoint), *here).hosts
    assert found is not None
    return {node.name: node.endpoint for node in found.nodes}


def test_hosts_are_reached_by_ssh_and_this_machine_by_its_socket() -> None:
    text = "# of job 7\nn2\n\n  n1 # big\r\nHere.example.org\n"
    assert ways(text, "", "here.example.org", "here") == {
        "here": "", "n1": "ssh://n1", "n2": "ssh://n2",
    }  # fmt: skip


def test_an_endpoint_is_for_all_hosts() -> None:
    found = ways("n1\nhere\n", "unix:///run/{host}/{host}.sock", "here")
    assert found == {"here": "unix:///run/here/here.sock", "n1": "unix:///run/n1/n1.sock"}
    tls = Tls(ca="/ca", cert="/cert", key="/key")
    made = listed("10.0.0.1", Way(endpoint="tcp://{host}:2376", tls=tls)).hosts
    assert made == Hosts((NodeSpec("10-0-0-1", "tcp://10.0.0.1:2376", tls=tls),))


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("N1", "n1"),
        ("big-1.lab.example.org", "big-1"),
        ("10.77.0.1", "10-77-0-1"),
        ("[fe80::1]", "fe80-1"),
        ("[::1]", "1"),
    ],
)
def test_what_a_node_is_called(host: str, name: str) -> None:
    assert list(ways(host)) == [name]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [("bad-host", "hosts:1:1")]),
        ("# none\n", [("bad-host", "hosts:1:1")]),
        ("n[1-4]\n", [("bad-host", "hosts:1:1")]),
        ("n1\n  a b\n", [("bad-host", "hosts:2:3")]),
        ("n1,n2\n", [("bad-host", "hosts:1:1")]),
        ("-oProxyCommand=x\n", [("bad-host", "hosts:1:1")]),
        ("user@n1\n", [("bad-host", "hosts:1:1")]),
        ("n_1\n", [("bad-host", "hosts:1:1")]),
        ("n" * 41, [("bad-host", "hosts:1:1")]),
        ("n" * 254, [("bad-host", "hosts:1:1")]),
        ("ä\n\xff\n", [("bad-host", "hosts:1:1"), ("bad-host", "hosts:2:1")]),
        ("n1.a.org\nn1.b.org\n", [("duplicate-name", "hosts:2:1")]),
        ("n1\nN1.b.org\n", [("duplicate-name", "hosts:2:1")]),
        ("n" * (1 << 21), [("file-too-large", "hosts:1:1")]),
    ],
)
def test_a_list_with_errors_gives_no_hosts(text: str, found: list[tuple[str, str]]) -> None:
    said = listed(text)
    assert said.hosts is None
    assert [(p.code, str(p.at)) for p in said.problems] == found
    assert all(problem.hint for problem in said.problems if problem.code != "file-too-large")


def test_what_slurm_writes_short_is_to_be_expanded() -> None:
    assert "scontrol show hostnames" in listed("n[1-4]\n").problems[0].hint


def test_a_host_that_is_listed_twice_is_one_node() -> None:
    said = listed("n1\nn2\nN1\n")
    assert said.hosts == hosts("n1\nn2\n")
    (told,) = said.problems
    assert (told.severity, told.code, str(told.at)) == (
        Severity.WARNING, "repeated-host", "hosts:3:1",
    )  # fmt: skip
    assert "hosts:1:1" in told.message


NODES = "---\n".join([
    document("Node", "n1", "endpoint: ssh://elsewhere\ncapacity: {cpus: 2}\nnodeTimeout: 5m"),
    document("Node", "n9", "endpoint: ssh://n9"),
])  # fmt: skip


def test_listed_hosts_count_and_declared_nodes_do_not() -> None:
    catalog = manifests.load(
        {"a.yaml": NODES.encode()}, project="p", revision="r", hosts=hosts("n1\nn2")
    )
    assert catalog.desired is not None
    n1, n2 = catalog.desired.nodes["n1"], catalog.desired.nodes["n2"]
    assert list(catalog.desired.nodes) == ["n1", "n2"]
    assert (n1.endpoint, n1.capacity.cpus, n1.timeout) == ("ssh://n1", 2.0, 300.0)
    assert n2 == NodeSpec("n2", "ssh://n2")


def problems(text: str, given: Hosts | None) -> list[str]:
    catalog = manifests.load({"a.yaml": text.encode()}, project="p", revision="r", hosts=given)
    return [problem.code for problem in catalog.problems]


def test_endpoints_that_do_not_count_may_be_equal() -> None:
    twins = document("Node", "n1", "") + "---\n" + document("Node", "n2", "")
    assert problems(twins, None) == ["duplicate-endpoint"]
    assert problems(twins, hosts("n1\nn2")) == []


def test_instances_have_to_fit_on_the_hosts_that_are_listed() -> None:
    big = NODES + "---\n" + task("container: {resources: {cpus: 4}}")
    assert problems(big, hosts("n1")) == ["fits-nowhere"]
    assert problems(big, hosts("n1\nn2")) == []  # what n2 has is for its engine to say
    assert problems(task("placement: {nodes: {zone: a}}"), hosts("n1")) == ["fits-nowhere"]


def test_there_are_as_many_fixed_ports_as_hosts() -> None:
    text = task(
        "profile: docker-service\ninstances: 2\ncontainer: {ports: [{container: 80, host: 8080}]}"
    )
    assert problems(text, None) == ["port-collision"]
    assert problems(text, hosts("n1\nn2")) == []


def test_what_is_remembered_of_a_source_is_of_its_hosts() -> None:
    memory, files = manifests.Memory(), {"a.yaml": task("instances: 2").encode()}
    for given in (hosts("n1"), hosts("n1\nn2"), None):
        catalog = manifests.load(files, project="p", revision="r", hosts=given, memory=memory)
        assert catalog.desired is not None
        names = [node.name for node in given.nodes] if given else ["local"]
        assert list(catalog.desired.nodes) == names


def test_hosts_on_record() -> None:
    given = hosts("n1\nn2", "tcp://{host}:2376")
    assert hosts_of(hosts_text(given)) == given
    assert hosts_of(hosts_text(None)) is None
    assert hosts_of("{") is None


def test_the_operator_says_which_way_leads_there() -> None:
    text = "nodes:\n  endpoint: tcp://{host}:2376\n  tls: {ca: /ca, cert: /cert, key: /key}\n"
    operator = read(text)
    assert operator.problems == ()
    assert operator.way == Way(endpoint="tcp://{host}:2376", tls=Tls("/ca", "/cert", "/key"))
    assert read("", "nodes.endpoint=ssh://ops@{host}").way.endpoint == "ssh://ops@{host}"
    assert read("", NODES_ENDPOINT="ssh://{host}:22").way.endpoint == "ssh://{host}:22"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nodes: {endpoint: 'ssh://n1'}", "bad-endpoint"),
        ("nodes: {endpoint: 'tcp://{host}'}", "bad-endpoint"),
        ("nodes: {endpoint: 'http://{host}'}", "bad-format"),
        ("nodes: {endpoint: 'ssh://{host}', tls: {ca: /ca}}", "excluded-field"),
        ("nodes: {endpoint: 'tcp://{host}:1', tls: {cert: /cert}}", "missing-field"),
        ("nodes: {endpoints: 'ssh://{host}'}", "unknown-field"),
    ],
)
def test_a_way_that_cannot_be_meant(text: str, code: str) -> None:
    assert [found for found, _ in places(read(text))] == [code]
