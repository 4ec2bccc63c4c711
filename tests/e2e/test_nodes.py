"""One project on four real engines, each reached in another way, that fail one by one."""

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.project import service, task
from tests.e2e.site import Site
from tests.support.certificates import Authority
from tests.support.git_servers import run
from tests.support.nodes import NAMES, POSSIBLE
from tests.support.process import eventually

pytestmark = [
    pytest.mark.docker,
    pytest.mark.slow,
    pytest.mark.skipif(not POSSIBLE, reason="it needs root, dockerd, ip, openssl and sshd"),
]


def test_instances_are_spread_over_all_by_label(site: Site) -> None:
    site.declare()
    site.project.declare(
        task("anywhere", instances=8),
        task("there", instances=4, placement={"nodes": {"zone": "a"}}),
    )
    site.project.apply()
    assert site.where("anywhere") == dict.fromkeys(NAMES, 2)
    assert site.where("there") == {"n1": 2, "n2": 2}
    assert site.project.planned() == []


def test_instances_are_placed_by_what_nodes_have(site: Site) -> None:
    limits = {"resources": {"cpus": "100m", "memory": "16Mi"}}
    site.declare("n1", "n2", capacity={"cpus": "300m"})
    site.declare("n3", capacity={"cpus": 2, "memory": "96Mi"})
    site.declare("n4", capacity={"cpus": 1}, reserve={"cpus": "400m"})
    site.project.declare(task("work", instances=24, container=limits))
    site.project.apply(code=1)  # six have no node
    assert site.where("work") == {"n1": 3, "n2": 3, "n3": 6, "n4": 6}
    said = {i["reason"] for i in site.project.status("work")["instances"] if i["id"] > 17}
    assert said == {"fits on 0 of 4 nodes: 3 have 0 of 100m cpus left, 1 has 0 of 16Mi memory left"}
    assert site.project.planned() == []

    site.declare("n4", capacity={"cpus": 1})
    running = site.project.run()
    eventually(lambda: site.where("work")["n4"] == 10, "the reserve to be used")
    site.views["n1"].client.kill(site.running("work")["n1"][0])
    eventually(lambda: site.where("work")["n1"] == 3, "one that waits to take the place")
    running.terminate().ends(0)


def test_a_wedged_node_holds_nobody_up(site: Site) -> None:
    site.declare()
    site.project.declare(task("before", instances=4))
    running = site.project.run()
    eventually(lambda: site.where("before") == dict.fromkeys(NAMES, 1), "one on each")
    site.nodes.engines["n2"].freeze()
    try:
        running.says("node-lost", within=60)
        site.project.declare(task("after", instances=6))
        eventually(lambda: sum(site.on_others("after")) == 6, "the other three take all six")
        states = site.project.status("before")["instances"]
        assert Counter(i["state"] for i in states) == {"Running": 3, "Unknown": 1}
        shown = site.shown()
        assert {name: node["state"] for name, node in shown.items()} == {
            "n1": "Ready", "n2": "Unknown", "n3": "Ready", "n4": "Ready",
        }  # fmt: skip
        assert "answer" in shown["n2"]["reason"]
        assert shown["n2"]["since"]
    finally:
        site.nodes.engines["n2"].thaw()
    eventually(lambda: set(site.project.states("before")) == {"Running"}, "all to be known")
    assert site.where("before") == dict.fromkeys(NAMES, 1)
    running.terminate().ends(0)


def test_what_nodes_are_is_told(site: Site) -> None:
    site.declare("n1", "n2", "n3", reserve={"cpus": 1})
    site.project.declare(
        site.nodes.manifest("n4", {"zone": "b"}, capacity={"cpus": 64, "memory": "1Ti"}),
        task("work", instances=4, container={"resources": {"cpus": 0.5, "memory": "64Mi"}}),
    )
    site.project.apply()
    shown = site.shown()
    assert {node["state"] for node in shown.values()} == {"Ready"}
    assert {node["engine"] for node in shown.values()} == {site.version()}
    assert shown["n1"]["capacity"]["cpus"] == os.cpu_count()
    has = shown["n4"]["capacity"]
    assert (has["cpus"], has["memory"]) == (64.0, 1 << 40)
    for node in shown.values():
        assert node["instances"] == 1
        assert node["reserved"] == {"cpus": 0.5, "memory": 64 << 20, "gpus": 0}
        assert node["latencySeconds"] > 0
    assert shown["n1"]["labels"] == {"zone": "a"}
    assert shown["n1"]["reserve"]["cpus"] == 1
    told = site.project.reconciler("nodes").ends(0).out
    assert all(name in told for name in NAMES)


def test_who_cannot_be_believed_is_unknown_and_the_others_work(site: Site, tmp_path: Path) -> None:
    other = Authority(tmp_path / "other", "other")
    good = site.nodes.manifest("n1")
    site.declare("n2", "n3", "n4")
    site.project.declare({**good, "spec": {**good["spec"], "tls": {"ca": str(other.ca)}}})
    believed = site.nodes.config.read_text()
    site.nodes.mistrust()
    try:
        site.project.declare(task("work", instances=4))
        site.project.apply()
        assert site.where("work") == {"n2": 2, "n4": 2}
        shown = site.shown()
    finally:
        site.nodes.config.write_text(believed)
    assert shown["n1"]["state"] == shown["n3"]["state"] == "Unknown"
    assert "a certificate that is not believed" in shown["n1"]["reason"]
    assert "another host key than the one that is known" in shown["n3"]["reason"]


def test_a_context_of_the_command_line_leads_to_a_node(site: Site, tmp_path: Path) -> None:
    docker = tmp_path / "docker"
    site.project.reconciler.env["DOCKER_CONFIG"] = str(docker)
    files = site.nodes.tls("n1")
    host = f"host={site.nodes.endpoint('n1')}"
    spec = ",".join([host, *(f"{part}={path}" for part, path in files.items())])
    run("docker", "context", "create", "lab", "--docker", spec, env={"DOCKER_CONFIG": str(docker)})
    manifest = site.nodes.manifest("n1")
    site.project.declare({**manifest, "spec": {"endpoint": "context://lab"}}, task("work"))
    site.project.apply()
    assert site.where("work") == {"n1": 1}


def test_a_node_that_is_killed_under_load_and_comes_back(site: Site) -> None:
    site.declare(nodeTimeout="8s")
    site.project.declare(
        task("work", instances=8, retry={"perInstance": 3}, placement={"onNodeLoss": "replace"}),
        service("web", instances=4),
    )
    running = site.project.run()
    eventually(lambda: site.where("web") + site.where("work") == dict.fromkeys(NAMES, 3), "all")
    site.nodes.engines["n3"].go("kill")
    try:
        eventually(lambda: site.count_but("n3") == 12, "the other three to take over", 90)
    finally:
        site.nodes.engines["n3"].start()
    eventually(lambda: site.settled({"work": 8, "web": 4}), "one of each, everywhere", 90)
    running.terminate().ends(0)


def test_a_partition_leaves_one_survivor_of_each(site: Site) -> None:
    site.declare(nodeTimeout="5s")
    site.project.declare(
        task("work", instances=4, retry={"perInstance": 3}, placement={"onNodeLoss": "replace"}),
        service("web", instances=4),
    )
    running = site.project.run()
    eventually(lambda: site.where("web") + site.where("work") == dict.fromkeys(NAMES, 2), "all")
    before = site.running("work")["n1"]
    assert before
    site.nodes.cut("n1")
    try:
        eventually(lambda: site.count_but("n1") == 8, "the other three to take over", 90)
        assert site.running("work")["n1"] == before, "both sides run"
    finally:
        site.nodes.mend("n1")
    eventually(lambda: site.settled({"work": 4, "web": 4}), "one of each", 90)
    assert site.running("work")["n1"] == before, "the one that has run for longest stays"
    told = [event["kind"] for event in site.project.events() if event["task"] == "work"]
    assert not {"failed", "lost", "succeeded"} & set(told), "no false outcome"
    running.terminate().ends(0)


def test_cordon_and_drain_in_an_emergency(site: Site) -> None:
    site.declare("n1", "n4")
    site.project.declare(task("work", instances=2), service("web", instances=2))
    running = site.project.run()
    eventually(lambda: site.where("web") + site.where("work") == {"n1": 2, "n4": 2}, "two on each")
    site.order("cordon", "n1")
    site.project.declare(task("more", instances=2))
    eventually(lambda: site.where("more") == {"n4": 2}, "both on the other")
    site.order("drain", "n1", "--grace", "1s")
    eventually(lambda: site.shown()["n1"]["state"] == "Drained", "it to be drained", 60)
    assert site.where("web") + site.where("work") == {"n4": 4}
    site.order("uncordon", "n1")
    site.project.declare(task("last", instances=2))
    eventually(lambda: site.where("last")["n1"] > 0, "it to take instances again")
    assert site.shown()["n1"]["state"] == "Ready"
    assert "by request" in "".join(e["message"] for e in site.project.events())
    running.terminate().ends(0)
    site.order("cordon", "nn", code=1)


def test_a_node_that_is_not_declared_any_more_is_emptied_first(site: Site) -> None:
    site.declare("n1", "n4")
    gate = "until [ -e /tmp/go ]; do sleep 0.1; done"
    site.project.declare(task("work", gate, instances=2), service("web", instances=2))
    running = site.project.run()
    eventually(lambda: site.where("web") + site.where("work") == {"n1": 2, "n4": 2}, "two on each")
    site.project.forget("n1")
    eventually(lambda: site.where("web") == {"n4": 2}, "the services to move", 60)
    assert site.where("work") == {"n1": 1, "n4": 1}
    shown = site.shown()["n1"]
    assert (shown["state"], shown["declared"]) == ("Draining", False)
    (name,) = site.running("work")["n1"]
    site.views["n1"].execute(name, "touch", "/tmp/go")
    eventually(lambda: set(site.shown()) == {"n4"}, "it to be let go", 60)
    assert sorted(site.project.states("work")) == ["Running", "Succeeded"]
    running.terminate().ends(0)


def test_a_node_that_is_gone_for_good_is_given_up_by_request(site: Site) -> None:
    site.declare("n1", "n4")
    site.project.declare(task("work", instances=2, retry={"perInstance": 1}))
    site.project.apply()
    site.nodes.cut("n1")
    try:
        site.project.forget("n1")
        site.project.apply("--timeout", "25s", code=1)
        shown = site.shown()["n1"]
        assert (shown["state"], shown["declared"]) == ("Unknown", False)
        site.order("forget", "n1")
        running = site.project.run()  # `apply` would not wait for the pause before a retry
        eventually(lambda: site.on_others("work", "n1") == [0, 0, 2], "a retry on the other")
        assert set(site.shown()) == {"n4"}
        running.terminate().ends(0)
    finally:
        site.nodes.mend("n1")
