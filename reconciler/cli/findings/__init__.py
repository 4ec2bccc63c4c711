"""What a check has found, and the forms in which it is told: one module for each.

Decides which forms there are. Knows nothing of how a problem was found.
"""

import importlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from reconciler.model.problem import Problem, Severity

FORMATS: Final = {
    "text": "text",
    "json": "plain",
    "sarif": "sarif",
    "junit": "junit",
    "github": "github",
}


class Findings(Struct, frozen=True, kw_only=True):
    """The problems of some files, in the order of the text.

    `files` maps the paths of what was looked at, relative to `root`, to their bytes. `checked`
    counts documents. `elsewhere` counts the errors of files that nobody has asked about.
    """

    checked: int
    problems: Sequence[Problem]
    files: Mapping[str, bytes]
    root: Path
    elsewhere: int = 0

    @property
    def errors(self) -> int:
        """How many of the problems are errors."""
        return sum(problem.severity is Severity.ERROR for problem in self.problems)


def lines(form: str, findings: Findings) -> Iterable[str]:
    """Return findings in one of `FORMATS`; what that needs is imported only now."""
    module = importlib.import_module(f"{__name__}.{FORMATS[form]}")
    told: Iterable[str] = module.lines(findings)
    return told
