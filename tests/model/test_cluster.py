"""Names of networks are names that any engine takes, and each run's own."""

import re

from reconciler.model.cluster import network_name

# What a swarm takes: a component of a DNS name, and "_".
TAKEN = re.compile(r"(?=.{1,63}$)[a-z0-9]+(?:[-_]*[a-z0-9]+)*")


def test_a_network_is_named_after_its_run() -> None:
    assert network_name("demo", "pi", 3) == "demo_pi_3"


def test_every_name_can_be_one_of_a_network_that_spans_engines() -> None:
    long = ("p" * 40, "t-" * 19 + "t")
    names = [network_name(*long, run) for run in (1, 2, 10**9)]
    names += [network_name(long[0], long[1] + "x", 1), network_name("a-b", "c", 1)]
    names += [network_name("a", "b-c", 1), network_name(long[0], long[1][:21], 1)]
    assert all(TAKEN.fullmatch(name) for name in names), names
    assert len({*names}) == len(names)
