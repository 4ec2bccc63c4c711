"""What must hold of every case, whatever its bytes.

Decides what is asked of all cases and what of some. Time is the processor's, so that a busy
machine fails nothing.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from reconciler import manifests
from reconciler.manifests import (
    Memory,
    checking,
    decoding,
    explanations,
    parsing,
    schemas,
    shipped,
    swift,
    voice,
)
from reconciler.manifests.reporting import Report
from reconciler.manifests.tree import Document
from reconciler.model.caller import Caller
from reconciler.model.catalog import Catalog
from reconciler.model.policy import FOLDER, GIT, Policy
from reconciler.model.position import NOWHERE
from reconciler.model.problem import Problem, Severity
from tests.fuzz.cases import Case
from tests.fuzz.corpus import valid
from tests.fuzz.showing import show
from tests.manifests.loaded import CLOSED

LIMIT = 1.0
Result = TypeVar("Result")
_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_BREAK = re.compile("\r\n|\r|\n")
# A folder of somebody's own.
_MINE = replace(FOLDER, caller=Caller(uid=1, gid=1, name="ada", home="/home/ada", folder="/work"))


class Verdict(Struct, frozen=True):
    """What came of a case that is as it should be."""

    valid: bool
    quick: bool
    seconds: float
    codes: frozenset[str]


class Judge:
    """Judges cases one after the other, and remembers what it may, as a process does."""

    def __init__(self) -> None:
        self._number = 0
        self._memories: dict[str, Memory] = {}
        self._verdicts: dict[str, Mapping[str, bytes]] = {}
        self._longest = 0.0

    def judge(self, case: Case) -> Verdict:
        """Return what came of a case.

        Raises:
            AssertionError: when something is not as it should be.
        """
        self._longest = 0.0
        self._number += 1
        problems = self._operator(case) if case.operator else self._manifests(case)
        return Verdict(
            valid=not any(problem.severity is Severity.ERROR for problem in problems),
            quick=agree_on_yaml(case.data),
            seconds=self._longest,
            codes=frozenset(problem.code for problem in problems),
        )

    def _manifests(self, case: Case) -> tuple[Problem, ...]:
        policy = (CLOSED, _MINE, GIT)[self._number % 3]
        catalog = self._timed(partial(_load, case, policy))
        assert (catalog.desired is None) == bool(catalog.errors)
        check_problems(catalog.problems, case.files)
        if self._number % 3 == 0:
            self._check_remembered(case, policy, catalog)
        if self._number % 5 == 0:
            agree_on_schemas(case)
        if self._number % 20 == 0:
            show(catalog.problems, case.files)
        return catalog.problems

    def _check_remembered(self, case: Case, policy: Policy, catalog: Catalog) -> None:
        """Hold what is found with the help of memory against what is found without."""
        for known in (self._verdicts.get(case.origin, {}), {}):
            found = self._timed(partial(_check, case, policy, known))
            assert found.problems == catalog.problems
            assert sum(found.counts.values()) == catalog.checked
            again = _check(case, policy, found.verdicts)
            assert again.problems == catalog.problems
            self._verdicts[case.origin] = found.verdicts
        memory = self._memories.setdefault(case.origin, Memory())
        assert _load(case, policy, memory) == catalog

    def _operator(self, case: Case) -> tuple[Problem, ...]:
        text = case.data.decode("utf-8", "replace")
        settings = re.findall(r"\w+: .*", text)[:3] if self._number % 3 else []
        settings = [f"policy.{setting.replace(': ', '=', 1)}" for setting in settings]
        given = {"RECONCILER_STATE_ROOT": text[:40], "RECONCILER_POLICY_BINDS": text[40:90]}
        variables = given if self._number % 2 else {}
        found = self._timed(partial(manifests.operator, case.path, case.data, variables, settings))
        check_problems(found.problems, found.files)
        assert found.policy(GIT) == found.policy(found.policy(GIT))
        show(found.problems, found.files)
        return found.problems

    def _timed(self, call: Callable[[], Result]) -> Result:
        began = time.process_time()
        result = call()
        seconds = time.process_time() - began
        assert seconds < LIMIT, f"{seconds:.2f} s"
        self._longest = max(self._longest, seconds)
        return result


def check_corpus() -> None:
    """Hold that what is meant to be valid is.

    Raises:
        AssertionError: when it is not.
    """
    for source in valid():
        if source.operator:
            ((path, data),) = source.files.items()
            problems = manifests.operator(path, data, {}, []).problems
        else:
            problems = manifests.load(source.files, policy=_MINE, project="p", revision="r").errors
        assert problems == (), source.name


def check_problems(problems: Sequence[Problem], files: Mapping[str, bytes]) -> None:
    """Hold that each problem stands in a file, is explained, and told in printable sentences."""
    lines: dict[str, list[str]] = {"": []}
    for problem in problems:
        assert _CODE.fullmatch(problem.code), problem
        assert problem.code in explanations.codes(), problem
        assert problem.message, problem
        assert problem.message.isprintable(), problem
        assert problem.hint.isprintable(), problem
        assert problem.pointer == "" or problem.pointer.startswith("/"), problem
        at = problem.at
        if at.path not in lines:
            lines[at.path] = _BREAK.split(_content(at.path, files).decode("utf-8-sig", "replace"))
        if at.path:
            assert 1 <= at.line <= len(lines[at.path]), problem
            assert 1 <= at.column <= len(lines[at.path][at.line - 1]) + 1, problem
        else:
            assert at == NOWHERE, problem


def agree_on_yaml(data: bytes) -> bool:
    """Return whether the quick reader accepts; then both readers must read the same."""
    text = decoding.decode("a", data, Report())
    quick = swift.read("a", text) if text is not None else None
    if text is None or quick is None:
        return False
    report = Report()
    whole = parsing.parse("a", text, report)
    assert not report.found
    assert _plain(quick) == _plain(whole)
    return True


def agree_on_schemas(case: Case) -> None:
    """Hold that the fast validator accepts nothing that the one with words refuses."""
    text = decoding.decode(case.path, case.data, Report())
    for document in parsing.parse(case.path, text, Report()) if text is not None else ():
        value = document.root.plain
        kind = value.get("kind") if isinstance(value, dict) else None
        if kind in schemas.KINDS:
            name = str(kind).lower()
            assert schemas.accepts(name, value) == (not any(voice.faults(name, value)))


def _content(path: str, files: Mapping[str, bytes]) -> bytes:
    if path in files:
        return files[path]
    (name,) = [name for name in shipped.profile_names() if shipped.profile_path(name) == path]
    return shipped.profile_text(name)


def _load(case: Case, policy: Policy, memory: Memory | None = None) -> Catalog:
    return manifests.load(case.files, project="p", revision="r", policy=policy, memory=memory)


def _check(case: Case, policy: Policy, known: Mapping[str, bytes]) -> checking.Checked:
    return checking.check(case.files, project="p", policy=policy, known=known, spread=_one_by_one)


def _one_by_one(
    files: checking.Files, question: checking.Question
) -> Iterator[Mapping[str, bytes]]:
    for path, data in files.items():
        yield checking.verdicts_of({path: data}, question)


def _plain(found: Iterable[Document]) -> bytes:
    """Return everything that was read; unlike ==, it tells 1 from true and 1.0."""
    return msgspec.json.encode(found)
