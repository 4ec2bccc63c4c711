"""reconciler.yaml at a source's root → what the source decides about itself.

Decides that a source's policy only narrows the operator's. Must not know what is held against
it.
"""

from msgspec import Struct, field

from reconciler.manifests.fields import Fields
from reconciler.manifests.guarding import Terms
from reconciler.manifests.policy import read_policy, warn_of_widening
from reconciler.manifests.reporting import Report
from reconciler.manifests.tree import Mapping
from reconciler.model.desired import HoldLimits
from reconciler.model.policy import Policy


class Configuration(Struct, frozen=True):
    """What a source decides: the policies in force with its own, its name, when it is held."""

    terms: Terms
    project: str = ""
    hold: HoldLimits = field(default_factory=HoldLimits)


def configure(text: Mapping | None, operator: Policy, report: Report) -> Configuration:
    """Return what a source's configuration says that its schema has accepted; None says nothing."""
    if text is None:
        return Configuration(Terms(operator, operator))
    policy = text.mapping("policy")
    own = read_policy(policy, report).over(Policy())
    warn_of_widening(policy, operator, report)
    if text.mapping("defaults").items:
        message = "defaults are not supported yet, and change nothing"
        hint = "Write the fields into tasks, or into a profile of their own."
        report.warn("not-supported-yet", *text.place("defaults"), message, hint)
    terms = Terms(operator, operator.narrowed(own))
    return Configuration(terms, text.text("project"), _hold(text, report))


def _hold(text: Mapping, report: Report) -> HoldLimits:
    given, usual = Fields(text.mapping("prune"), report), HoldLimits()
    return HoldLimits(
        share=given.number("share", usual.share),
        instances=given.whole("instances", usual.instances),
    )
