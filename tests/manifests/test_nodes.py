import pytest

from reconciler.model.problem import Severity
from tests.manifests.loaded import document, load
from tests.manifests.test_invalid import MARK, marked

TLS = "endpoint: tcp://h:2376\ntls: "

INVALID = [
    ("unknown-value", "engine: §podman"),
    ("wrong-type", "endpoint: §5"),
    ("bad-format", "endpoint: §/var/run/docker.sock"),
    ("bad-format", "endpoint: §http://h:1"),
    ("bad-endpoint", "endpoint: §unix:///"),
    ("bad-endpoint", "endpoint: §unix:///run/"),
    ("bad-format", "endpoint: §unix://run/x"),
    ("bad-endpoint", "endpoint: §tcp://h"),
    ("bad-endpoint", "endpoint: §tcp://h:65536"),
    ("bad-endpoint", "endpoint: §tcp://u@h:2376"),
    ("bad-endpoint", "endpoint: §tcp://h:2376/x"),
    ("bad-endpoint", "endpoint: §ssh://"),
    ("bad-endpoint", "endpoint: §ssh://-oProxyCommand=x"),
    ("bad-endpoint", "endpoint: §ssh://h/x:y"),
    ("bad-endpoint", "endpoint: §context://"),
    ("bad-endpoint", "endpoint: §context://../x"),
    ("misplaced-constant", "endpoint: §'unix:///${A}'"),
    ("misplaced-constant misplaced-constant", "capacity: {memory: §'${A}', cpus: §'${B}'}"),
    ("excluded-field excluded-field", "endpoint: unix:///x\ntls: {§ca: /a, §cert: /b}"),
    ("missing-field", TLS + "§{cert: /a}"),
    ("missing-field", TLS + "§{key: /a}"),
    ("bad-path bad-path", TLS + "{cert: §a, key: §./b}"),
    ("unknown-field", TLS + "{§cacert: /a}"),
    ("bad-format", "capacity: {memory: §much}"),
    ("out-of-range", "capacity: {cpus: §-1}"),
    ("bad-format", "capacity: {memory: §'0.3'}"),
    ("out-of-range", "capacity: {cpus: 2}\nreserve: {cpus: §2500m}"),
    ("out-of-range", "capacity: {memory: 1Gi}\nreserve: {memory: §2G}"),
    ("out-of-range", "capacity: {gpus: 1}\nreserve: {gpus: §2}"),
    ("bad-format", "nodeTimeout: §soon"),
    ("bad-format", "nodeTimeout: §20y"),
    ("wrong-type", "cordon: §'yes'"),
    ("out-of-range", "power: {idleWatts: 60, maxWatts: §50}"),
    ("out-of-range", "power: {pue: §0.5}"),
    ("unknown-field", "§label: {zone: a}"),
]


@pytest.mark.parametrize(("codes", "spec"), INVALID)
def test_says_what_and_where(codes: str, spec: str) -> None:
    text = document("Node", "n", spec)
    errors = load(text.replace(MARK, "")).errors
    found = [(p.code, f"{p.at.line}:{p.at.column}") for p in errors]
    assert found == list(zip(codes.split(), marked(text), strict=True))


UNUSED = ["§power: {idleWatts: 60}"]


@pytest.mark.parametrize("spec", UNUSED)
def test_what_is_not_acted_on_yet_is_told(spec: str) -> None:
    text = document("Node", "n", spec)
    catalog = load(text.replace(MARK, ""))
    assert catalog.desired is not None
    found = [(p.code, f"{p.at.line}:{p.at.column}") for p in catalog.problems]
    assert found == [("not-supported-yet", place) for place in marked(text)]
    assert {p.severity for p in catalog.problems} == {Severity.WARNING}


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "endpoint: ''",
        "endpoint: unix:///run/user/1000/docker.sock",
        "endpoint: tcp://h:2376",
        "endpoint: ssh://u@h:22",
        "endpoint: ssh://h/run/user/1000/docker.sock",
        "endpoint: context://lab",
        "endpoint: tcp://[::1]:2376\ntls: {ca: /a, cert: /b, key: /c}",
        "cordon: false\ndrain: false\ntls: {}\ncapacity: {}",
        "cordon: true\ndrain: true\ndrainGrace: 1h\nnodeTimeout: 30s",
    ],
)
def test_what_is_as_it_says_is_not_told(spec: str) -> None:
    assert load(document("Node", "n", spec)).problems == ()
