"""A task's retry field → Retry.

Decides what is granted where nothing is said. Must not know when an attempt is made.
"""

from typing import Final

from reconciler.manifests.fields import Fields
from reconciler.model.desired import Backoff, Restart, Retry
from reconciler.model.quantities import parse_duration

_BACKOFF: Final = Backoff()


def read_retry(fields: Fields, restart: Restart) -> Retry:
    """Return how many further attempts there are; reports exit codes of two meanings."""
    codes, pause = fields.below("exitCodes"), fields.below("backoff")
    _check_exit_codes(codes)
    again = _codes(codes, "retry")
    default = 0 if restart is Restart.NEVER and not again else None
    given = "perInstance" in fields.node.items
    return Retry(
        per_instance=fields.whole("perInstance", 0) if given else default,
        backoff=Backoff(
            initial=pause.parsed("initial", parse_duration, _BACKOFF.initial),
            factor=pause.number("factor", _BACKOFF.factor),
            max=pause.parsed("max", parse_duration, _BACKOFF.max),
            jitter=pause.number("jitter", _BACKOFF.jitter),
        ),
        total=fields.whole("total", 0) if "total" in fields.node.items else None,
        again=again,
        never=_codes(codes, "fail"),
    )


def _codes(fields: Fields, name: str) -> tuple[int, ...]:
    plain = (node.plain for node in fields.scalars(name))
    return tuple(sorted({code for code in plain if isinstance(code, int)}))


def _check_exit_codes(fields: Fields) -> None:
    """Report a code that is given twice: in one list, or worse, in both."""
    homes: dict[str, str] = {}
    for name in ("retry", "fail"):
        for node in fields.scalars(name):
            if "${" in node.text:
                fields.report.about(node, "wrong-type", f"{name}: {node.text!r} is no exit code")
            elif node.text in homes:
                both = " and in ".join(dict.fromkeys((homes[node.text], name)))
                twice = "twice " if homes[node.text] == name else ""
                message = f"the exit code {node.text} is {twice}in {both}"
                fields.report.about(node, "duplicate-value", message, "Keep one of them.")
            homes.setdefault(node.text, name)
