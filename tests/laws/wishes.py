"""What people ask for: four tasks, each as its manifest says, and the changes that they make.

`a`, `b` and `c` are batch, and may come after those before them; `web` is a service. A task is
known here by the name that it had first, whatever it is called now.
"""

from collections.abc import Mapping
from typing import Any, Final

from hypothesis import strategies as st
from msgspec import Struct, field
from msgspec.structs import replace

from reconciler.model.data import Bucket, Input, Outputs
from reconciler.model.desired import (
    Backoff,
    Condition,
    Dependency,
    DesiredJob,
    DesiredTask,
    OnChange,
    OnScale,
    Overlap,
    Restart,
    Retry,
    Schedule,
)
from reconciler.model.identity import InstanceKey
from reconciler.model.spec import Cluster, Health, Resources
from tests.support.desired import make_job, make_matrix, make_task

Change = tuple[str, str, Any]
BATCH: Final = ("a", "b", "c")
SERVICE: Final = "web"
_MATRICES: Final = ({"x": ["1", "2"]}, {"x": ["2", "3"]}, {"x": ["1", "2"], "y": ["p", "q"]})
_SCHEDULES: Final = [
    None,
    *(Schedule("* * * * *", overlap=overlap) for overlap in Overlap),
    Schedule("*/5 * * * *"),
]

_KEPT: Final = Outputs(bucket="results", source="/job", prefix="${RUN}/${INSTANCE_ID}/")
BUCKET: Final = Bucket(name="data", url="file:///data")
_DATA: Final = Input(bucket="data", target="/in", prefix="all/")
_OWN: Final = replace(_DATA, prefix="of/${INSTANCE_ID}/")
_SHARED: Final = Input(bucket="data", target="/shared", read_only=True)

# What may be said of a task: how its containers are made, how many there are, its own fields.
_SPEC: Final[Mapping[str, list[Any]]] = {
    "command": [("one",), ("two",)],
    "resources": [Resources(), Resources(memory=64)],
    "nodes": [(), (("zone", "a"),)],
    "inputs": [(), (_DATA,), (replace(_DATA, read_only=True),), (_OWN, _SHARED)],
}
_COMMON: Final[Mapping[str, list[Any]]] = {
    "there": [True, True, False],
    "count": [0, 1, 2, 3, 4],
    "parallelism": [None, 1, 2],
    "rerun": ["raised"],
    "suspend": ["", "task"],
    "protected": [False, True],
    "priority": [0, 5],
    "labels": [(), (("team", "x"),)],
    "ttl": [None, 0.0, 20.0],
    "outputs": [None, _KEPT, replace(_KEPT, on_failure="discard"),
                replace(_KEPT, bucket="other", snapshot_every=50.0)],
}  # fmt: skip
_OF_BATCH: Final[Mapping[str, list[Any]]] = {
    "matrix": [None, *_MATRICES],
    "on_change": [*OnChange],
    "on_scale": [*OnScale],
    "per_instance": [0, 1, 2, None],
    "total": [None, 0, 1, 2],
    "again": [(), (1,)],
    "never": [(), (3,)],
    "min_succeeded": [None, 1],
    "timeout": [0.0, 100.0],
    "queue_timeout": [0.0, 100.0],
    "gang": [False, True],
    "joined": [False, True],
    "job": ["", "j"],
    "schedule": _SCHEDULES,
    "cache": [False, True, True],
}
_OF_SERVICE: Final[Mapping[str, list[Any]]] = {
    "max_surge": [0, 1],
    "max_unavailable": [1, 2],
    "health": [Health(), Health(command=("ok",))],
}
_OF_ONE: Final[Mapping[str, Mapping[str, list[Any]]]] = {
    "a": {"name": ["renamed"]},
    "b": {"after a": [None, *Condition]},
    "c": {"after a": [None, *Condition], "after b": [None, *Condition]},
    SERVICE: {},
}
_KNOBS: Final[list[tuple[str, Any]]] = [
    *(("command", value) for value in _SPEC["command"]),
    *(("parallelism", value) for value in (None, 1, 2)),
    *(("count", value) for value in (1, 3, 4)),
    *(("per_instance", value) for value in (0, 2)),
    *(("total", value) for value in (0, 1, None)),
    *(("there", value) for value in (False, True)),
    *(("joined", value) for value in (False, True, True)),
    ("on_change", OnChange.REPLACE),
]
_OF_JOB: Final[Mapping[str, list[Any]]] = {"cancel": [False, True], "deadline": [0.0, 300.0]}


class Wish(Struct):
    """One task as it is asked for now."""

    name: str
    said: dict[str, Any] = field(default_factory=dict)
    spec: dict[str, Any] = field(default_factory=dict)


def _changes(whose: str) -> list[st.SearchStrategy[Change]]:
    kind = _OF_SERVICE if whose == SERVICE else _OF_BATCH
    fields = {**_SPEC, **_COMMON, **kind, **_OF_ONE[whose]}
    return [
        st.tuples(st.just(whose), st.just(what), st.sampled_from(values))
        for what, values in fields.items()
    ]


# One change of one task, or of the job that batch may be in.
changes: Final = st.one_of(
    *(one for whose in (*BATCH, SERVICE) for one in _changes(whose)),
    *(st.tuples(st.just("job"), st.just(k), st.sampled_from(v)) for k, v in _OF_JOB.items()),
)

# Changes of which the effects meet most of all, so they come more often than the others.
knobs: Final = st.sampled_from([(whose, *knob) for whose in ("a", "b") for knob in _KNOBS])

# The same in a row, where it takes two or three to see what they do to each other.
rows: Final[list[list[Change]]] = [
    *([(w, "command", ("two",)), (w, "command", ("one",))] for w in ("a", "b")),
    *([(w, "count", 4), (w, "parallelism", None), (w, "parallelism", 1)] for w in ("a", "b")),
    *([(w, "protected", True), (w, "there", False)] for w in ("a", SERVICE)),
    [("a", "never", (3,)), ("a", "per_instance", 2), ("a", "rerun", "raised")],
    [("b", "after a", Condition.SUCCESS), ("a", "rerun", "raised"), ("b", "rerun", "raised")],
    [("a", "on_scale", OnScale.RERUN), ("a", "count", 3), ("a", "count", 2)],
]

# What a life may begin with, so that what belongs together meets: bounds and failures, a schedule
# and its clock, a gang and its room.
beginnings: Final[list[list[Change]]] = [
    [],
    [],
    [("a", "count", 3), ("a", "per_instance", None), ("a", "total", 1)],
    [("a", "count", 4), ("a", "per_instance", 2), ("a", "total", 2), ("b", "total", 1)],
    [("a", "count", 4), ("a", "parallelism", 2), ("b", "count", 3), ("b", "parallelism", 1)],
    [("a", "count", 3), ("a", "gang", True), ("a", "per_instance", 2)],
    *([("a", "count", n), ("a", "joined", True), ("a", "per_instance", 1)] for n in (2, 3)),
    [("b", "joined", True), ("b", "per_instance", 2), ("b", "count", 3), ("a", "joined", True)],
    [("b", "joined", True), ("b", "schedule", _SCHEDULES[2])],
    [("b", "after a", Condition.SUCCESS), ("c", "there", True), ("c", "after b", Condition.ANY)],
    [("a", "job", "j"), ("b", "job", "j"), ("job", "cancel", True)],
    [("web", "protected", True), ("a", "protected", True)],
    *([("a", "cache", True), ("b", "cache", True), ("b", "outputs", one)] for one in (None, _KEPT)),
    [("a", "cache", True), ("a", "schedule", _SCHEDULES[2]), ("a", "inputs", (_OWN, _SHARED))],
    [("a", "outputs", _KEPT), ("b", "outputs", _KEPT), ("b", "after a", Condition.SUCCESS)],
    [("a", "inputs", (_OWN, _SHARED)), ("a", "count", 3), ("web", "inputs", (_DATA,))],
    [("a", "matrix", _MATRICES[0]), ("b", "on_scale", OnScale.RERUN)],
    *([("a", "schedule", one), ("b", "count", 0)] for one in _SCHEDULES[1:]),
]


class Wishes:
    """All that is asked for, and every name that a task has had."""

    def __init__(self) -> None:
        said = {"count": 2}
        self.tasks = {w: Wish(w, {**said}, {"command": ("one",)}) for w in (*BATCH, SERVICE)}
        self.tasks["c"].said["there"] = False
        self.job: dict[str, Any] = {}
        self.firsts = {name: name for name in self.tasks}
        # Those of which runs have ever been allowed to overlap.
        self.overlapped: set[str] = set()
        # Those of which it has been changed where their files go.
        self.redirected: set[str] = set()

    def change(self, change: Change, former: str) -> None:
        """Take a change in. `former` is the name under which `a` has runs."""
        whose, what, value = change
        if whose == "job":
            self.job[what] = value
            return
        wish = self.tasks[whose]
        if what in _SPEC or what == "health":
            wish.spec[what] = value
        elif what == "rerun":
            wish.said[what] = wish.said.get(what, 0) + 1
        elif what == "name":
            wish.name = f"{whose}-{len(self.firsts)}"
            self.firsts[wish.name] = whose
            wish.said["renamed_from"] = former
        else:
            if what == "outputs" and wish.said.get(what, value) != value:
                self.redirected.add(whose)
            wish.said[what] = value
        if what == "schedule" and value and value.overlap is Overlap.ALLOW:
            self.overlapped.add(whose)

    def made(self) -> tuple[list[DesiredTask], list[DesiredJob]]:
        """Return the tasks and the job as planning sees them."""
        tasks = [self._task(whose) for whose, w in self.tasks.items() if w.said.get("there", True)]
        return tasks, [make_job("j", **self.job)]

    def first(self, key: InstanceKey) -> InstanceKey:
        """Return an instance by the first name of its task."""
        return InstanceKey(self.firsts[key.task], key.instance)

    def _task(self, whose: str) -> DesiredTask:
        said = dict(self.tasks[whose].said)
        said.pop("there", None)
        count, matrix = said.pop("count"), said.pop("matrix", None)
        bounds = [said.pop(name, default) for name, default in _BOUNDS]
        per_instance, total, again, never = bounds
        said["depends_on"] = tuple(
            Dependency(self.tasks[other].name, condition)
            for other in BATCH
            if (condition := said.pop(f"after {other}", None)) is not None
            if self.tasks[other].said.get("there", True)
        )
        if whose == SERVICE:
            said["restart"], per_instance = Restart.ALWAYS, None
        said["retry"] = Retry(per_instance, Backoff(jitter=0.0), total, again, never)
        said["spec"] = self.tasks[whose].spec
        if said.pop("joined", False):  # no manifest lets fewer of them run than there are
            said |= {"gang": True, "parallelism": None, "spec": said["spec"] | _JOINED}
        name = self.tasks[whose].name
        return make_matrix(name, matrix, **said) if matrix else make_task(name, count, **said)


_JOINED: Final = {"network": "cluster", "cluster": Cluster(), "master": ("lead",)}
_BOUNDS: Final = (("per_instance", 1), ("total", None), ("again", ()), ("never", ()))
