"""What is the case now, as gauges: made anew for each scrape from the last sight of each loop."""

from collections.abc import Iterator, Sequence
from typing import Final

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from reconciler import __version__
from reconciler.model.action import InstanceState, TaskState
from reconciler.server.vigil import Vigil

# Nodes beyond these are counted, but have no line of their own.
MOST_NODES: Final = 200


class Gauges(Collector):
    """Looks at what `vigils` see whenever somebody asks."""

    def __init__(self, vigils: Sequence[Vigil]) -> None:
        """Begin with whatever loops there are; others may come."""
        self._vigils = vigils

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges."""
        build = GaugeMetricFamily("reconciler_build_info", "The version.", labels=["version"])
        build.add_metric([__version__], 1)
        yield build
        yield self._node_up()
        yield self._nodes_by_state()
        yield from self._counted()
        yield self._revision()
        yield self._ages()

    def _node_up(self) -> Metric:
        words = "Whether what a node shows is known: it answers."
        up = GaugeMetricFamily("reconciler_node_up", words, labels=_of("node"))
        for vigil in self._vigils:
            for node in vigil.sight.nodes[:MOST_NODES]:
                up.add_metric([vigil.project, node.name], node.known)
        return up

    def _nodes_by_state(self) -> Metric:
        words = "Nodes, by whether what they show is known."
        nodes = GaugeMetricFamily("reconciler_nodes", words, labels=_of("state"))
        for vigil in self._vigils:
            known = sum(node.known for node in vigil.sight.nodes)
            nodes.add_metric([vigil.project, "known"], known)
            nodes.add_metric([vigil.project, "unknown"], len(vigil.sight.nodes) - known)
        return nodes

    def _counted(self) -> Iterator[Metric]:
        labels = _of("state")
        instances = GaugeMetricFamily("reconciler_instances", "Instances by state.", labels=labels)
        tasks = GaugeMetricFamily("reconciler_tasks", "Tasks by state.", labels=labels)
        holds = GaugeMetricFamily("reconciler_holds", "What waits for `approve`.", labels=_of())
        for vigil in self._vigils:
            sight = vigil.sight
            by_state, of_tasks = sight.instances(), sight.tasks()
            for one in InstanceState:
                instances.add_metric([vigil.project, one.value], by_state[one.value])
            for state in TaskState:
                tasks.add_metric([vigil.project, state.value], of_tasks[state.value])
            holds.add_metric([vigil.project], sight.holds)
        return iter((instances, tasks, holds))

    def _revision(self) -> Metric:
        words = "The revision in force."
        info = GaugeMetricFamily("reconciler_revision_info", words, labels=_of("revision"))
        for vigil in self._vigils:
            info.add_metric([vigil.project, vigil.sight.revision], 1)
        return info

    def _ages(self) -> Metric:
        words = "How long ago the loop last turned."
        ages = GaugeMetricFamily("reconciler_turn_age_seconds", words, labels=_of())
        for vigil in self._vigils:
            ages.add_metric([vigil.project], vigil.age())
        return ages


def _of(*labels: str) -> tuple[str, ...]:
    return ("project", *labels)
