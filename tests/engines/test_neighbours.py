"""What an engine's JSON says of the limits of containers that nobody has labelled."""

from typing import Any

import pytest

from reconciler.engines.docker.neighbours import _limits_in, _ports_of
from reconciler.model.claim import Claim

GPU = [["gpu", "compute"]]


@pytest.mark.parametrize(
    ("config", "claim"),
    [
        ({}, Claim()),
        ({"NanoCpus": 1_500_000_000, "Memory": 1 << 26}, Claim(1.5, 1 << 26)),
        ({"CpuQuota": 50_000}, Claim(0.5)),
        ({"CpuQuota": 50_000, "CpuPeriod": 25_000}, Claim(2.0)),
        ({"CpuQuota": -1, "CpuPeriod": 0, "NanoCpus": 0}, Claim()),
        ({"PidsLimit": 100}, Claim(pids=100)),
        ({"PidsLimit": -1}, Claim()),
        ({"DeviceRequests": None, "Memory": None}, Claim()),
        ({"DeviceRequests": [{"Count": 2, "Capabilities": GPU}]}, Claim(gpus=2)),
        ({"DeviceRequests": [{"DeviceIDs": ["0", "3"], "Capabilities": GPU}]}, Claim(gpus=2)),
        ({"DeviceRequests": [{"Count": -1, "Capabilities": GPU}]}, Claim()),
        ({"DeviceRequests": [{"Count": 2, "Capabilities": [["net"]]}]}, Claim()),
    ],
)
def test_limits(config: dict[str, Any], claim: Claim) -> None:
    assert _limits_in(config) == claim


def test_ports() -> None:
    shown = [
        {"PrivatePort": 80, "PublicPort": 8080, "Type": "tcp", "IP": "127.0.0.1"},
        {"PrivatePort": 80, "PublicPort": 8080, "Type": "tcp", "IP": "::"},
        {"PrivatePort": 53, "PublicPort": 53, "Type": "udp"},
        {"PrivatePort": 443, "Type": "tcp"},
    ]
    assert _ports_of({"Ports": shown}) == ((53, "udp"), (8080, "tcp"))
    assert _ports_of({"Ports": None}) == ()
