"""docs/metrics.md names every metric that is scraped, with its labels, and no other."""

import re
from pathlib import Path

from reconciler.server.meter import Meter
from reconciler.server.metrics import Metrics

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


def test_every_metric_is_on_the_page_and_no_other() -> None:
    meters: list[Meter] = []
    metrics = Metrics(meters)
    meters.append(Meter("demo", metrics, lambda _: 0.0))
    text = metrics.text().decode()
    scraped = re.findall(r"^# TYPE (reconciler_\w+) (\w+)$", text, re.MULTILINE)
    rows = re.findall(r"^\| `(reconciler_\w+)` \| (\w+) \|", PAGE.read_text(), re.MULTILINE)
    assert sorted(scraped) == sorted(rows)
