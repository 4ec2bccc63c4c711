"""The metrics: their names, labels and buckets, and their text.

Decides what is measured; `meter` says when. With `gauges` the only home of prometheus_client,
whose own locks are held for a moment only: neither a scrape nor a count ever waits for a loop.
Labels are bounded: no task, instance or container has one of its own.
"""

from collections.abc import Sequence
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from reconciler.server.gauges import Gauges
from reconciler.server.vigil import Vigil

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_SHORT: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_CALL: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_PASSAGE: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)


class Metrics:
    """All metrics of the process; every one but those of webhooks has the label project."""

    def __init__(self, vigils: Sequence[Vigil]) -> None:
        """Measure what is counted, and what `vigils` see whenever somebody asks."""
        # When each line first appeared would double the text, and nobody asks for it.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the one untyped call there
        self._registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._registry)
        self._registry.register(Gauges(vigils))
        count, time = self._counter, self._histogram
        self.actions = count("actions", "Engine calls that have ended.", "verb", "outcome")
        self.calls = time("engine_call", "How long engine calls took.", _CALL, "verb")
        words = "How long passes took: planning, recording, handing out."
        self.passes = time("pass", words, _SHORT)
        words = "From an engine's event, by its clock, to its being taken in."
        self.lag = time("event_lag", words, _SHORT)
        words = "How long the ledger took to make something durable."
        self.commits = time("ledger_commit", words, _SHORT)
        self.failed_commits = count("ledger_failures", "Commits that the ledger refused.")
        self.reads = time("source_read", "How long reading and checking the source took.", _CALL)
        self.polls = count("source_polls", "Looks at a source's remote.", "outcome")
        words = "Revisions that came into force, or were refused."
        self.revisions = count("revisions", words, "outcome")
        words = "From a revision's commit, or its being seen, to its first engine call."
        self.first_call = time("revision_first_call", words, _PASSAGE, "since")
        words = "From a revision's commit, or its being seen, to nothing being left to do."
        self.converged = time("revision_converged", words, _PASSAGE, "since")
        self.webhooks = Counter(
            "reconciler_webhooks",
            "Webhooks answered.",
            ("forge", "outcome"),
            registry=self._registry,
        )

    def count_webhook(self, forge: str, outcome: str) -> None:
        """Count an answer to a webhook."""
        self.webhooks.labels(forge, outcome).inc()

    def text(self) -> bytes:
        """Return all of them as Prometheus reads them."""
        return generate_latest(self._registry)

    def _counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(f"reconciler_{name}", words, ("project", *labels), registry=self._registry)

    def _histogram(
        self, name: str, words: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        return Histogram(
            f"reconciler_{name}_seconds",
            words,
            ("project", *labels),
            buckets=buckets,
            registry=self._registry,
        )
