"""Facts for tests: an attempt's life in one project, and strategies for arbitrary ones."""

from hypothesis import strategies as st

from reconciler.model import fact as facts
from reconciler.model.amounts import Amounts
from reconciler.model.data import Results
from reconciler.model.fact import Fact, Result
from reconciler.model.history import History
from reconciler.model.identity import AttemptKey, InstanceKey


def key(instance: int = 0, *, task: str = "pi", run: int = 1, attempt: int = 1) -> AttemptKey:
    return AttemptKey(InstanceKey(task, instance), run, attempt)


def opened(task: str = "pi", run: int = 1) -> facts.RunOpened:
    return facts.RunOpened(task, run, "w1-a", 0, "new work", "f-1", 1.0)


def reserved(attempt: AttemptKey) -> facts.AttemptReserved:
    return facts.AttemptReserved(attempt, "local", "s1-a", "f-1", 1.0)


def ended(attempt: AttemptKey, logs: bytes = b"") -> facts.AttemptEnded:
    return facts.AttemptEnded(
        attempt, "local", Result.SUCCEEDED, 4.0, exit_code=0, started_at=2.0, logs=logs
    )


def fold(history: History, batch: list[Fact]) -> History:
    for fact in batch:
        history.apply(fact)
    return history


def possible(history: History, fact: Fact) -> bool:
    """Whether folding accepts the fact: some speak of a run that must be open."""
    of_a_run = (
        facts.RunCancelled
        | facts.RunFinished
        | facts.RetryGranted
        | facts.ImageResolved
        | facts.InputsResolved
        | facts.AttemptsForgotten
    )
    if isinstance(fact, of_a_run):
        task = history.tasks.get(fact.task)
        return task is not None and fact.run in task.runs
    if isinstance(fact, facts.TaskRenamed):
        taken = history.tasks.get(fact.task)
        return fact.old != fact.task and fact.old in history.tasks and not (taken and taken.runs)
    return True


EQUALS = ("e1-a", "e1-b")
_SUBJECTS = ("x", "a/0", "b-1/0", "p.a.1.0.1")
_words = st.text(max_size=12)
_tasks = st.sampled_from(["a", "b-1"])
_small = st.integers(1, 3)
_nodes = st.sampled_from(["local", "n2"])
_amounts = st.builds(Amounts, st.none() | st.floats(0, 9), st.none() | _small, st.none() | _small)
_pools = st.sampled_from(["p", "q"])
_times = st.floats(allow_nan=False)
_finite = st.floats(allow_nan=False, allow_infinity=False)
_results = st.builds(Results, bucket=_nodes, prefix=_words, files=_small, note=_words)
_revisions = st.sampled_from(["f-1", "f-2"])
_equals = st.sampled_from(["", *EQUALS])
_targets = st.sampled_from(["", "task/a", "task/b-1", "job/a"])
_some_or_all = st.none() | st.integers(0, 2)
_numbers = st.lists(_small, max_size=3).map(tuple)
_spans = st.lists(st.tuples(_times, _times), max_size=3).map(tuple)
_attempts = st.builds(AttemptKey, st.builds(InstanceKey, _tasks, st.integers(0, 2)), _small, _small)
any_fact: st.SearchStrategy[Fact] = st.one_of(
    st.builds(facts.SpecSeen, st.sampled_from(["w1-a", "s1-b"]), _words),
    st.builds(
        facts.RunOpened,
        _tasks,
        _small,
        _words,
        _small,
        _words,
        _words,
        _times,
        _times,
        _words,
        st.booleans(),
    ),
    st.builds(facts.RunFinished, _tasks, _small, _times),
    st.builds(facts.TaskScaled, _tasks, st.integers(0, 9), _times),
    st.builds(
        facts.RunCancelled,
        _tasks,
        _small,
        _some_or_all,
        _words,
        _times,
        st.sampled_from(Result),
        _words,
        st.booleans(),
    ),
    st.builds(facts.RetryGranted, _tasks, _small, _some_or_all, _small, _times),
    st.builds(facts.RoomAwaited, _tasks, _small, st.integers(0, 2), _times),
    st.builds(facts.CombinationNumbered, _tasks, _small, _words, _times),
    st.builds(facts.ScheduleSeen, _tasks, _words, _times, _small),
    st.builds(facts.FiringPassed, _tasks, _times, _words, _times),
    st.builds(facts.RunsClosed, _tasks, _times),
    st.builds(facts.RunsForgotten, _tasks, _numbers, _times, _spans),
    st.builds(
        facts.AttemptsForgotten,
        _tasks,
        _small,
        st.integers(0, 2),
        _numbers,
        _times,
        _small,
        _small,
        _small,
    ),
    st.builds(facts.ImageResolved, _tasks, _small, _nodes, _words, _times),
    st.builds(facts.InputsResolved, _tasks, _small, _nodes, _words, _words, _times, _small, _small),
    st.builds(
        facts.AttemptReserved, _attempts, _nodes, _words, _words, _times, _small, _words, _equals
    ),
    st.builds(facts.SnapshotAsked, _attempts, _finite),
    st.builds(facts.ResultsDiscarded, _attempts, _finite),
    st.builds(facts.SnapshotTaken, _attempts, _small, _small, _finite),
    st.builds(facts.ResultsSent, _attempts, _results, _times),
    st.builds(
        facts.ResultTakenOver,
        _attempts,
        _nodes,
        _words,
        _attempts,
        _equals,
        _times,
        _small,
        st.none() | _results,
        _words,
    ),
    st.builds(facts.ResultsGone, _attempts, _attempts, _words, _times),
    st.builds(facts.StartRequested, _attempts, _times, _words, _equals),
    st.builds(facts.AttemptStarted, _attempts, _times),
    st.builds(facts.StopRequested, _attempts, _words, _times, st.sampled_from(Result)),
    st.builds(
        facts.AttemptEnded,
        _attempts,
        _nodes,
        st.sampled_from(Result),
        _times,
        exit_code=st.none() | st.integers(-1, 255),
        oom=st.booleans(),
        started_at=_times,
        finished_at=_times,
        reason=_words,
        logs=st.binary(max_size=8),
        cpu_seconds=_times,
        peak_memory=_small,
    ),
    st.builds(facts.AttemptExpired, _attempts, _times),
    st.builds(facts.AttemptForsaken, _attempts, _words, _times),
    st.builds(facts.NodeDeclared, _nodes, _words, _times),
    st.builds(facts.NodeForgotten, _nodes, _times),
    st.builds(facts.NodeLost, _nodes, _words, _times),
    st.builds(facts.NodeFound, _nodes, _times),
    st.builds(
        facts.NodeOrdered,
        _nodes,
        st.sampled_from(["", "cordon", "drain"]),
        _times,
        st.none() | _times,
    ),
    st.builds(facts.NodeDraining, _nodes, _times),
    st.builds(facts.NodeDrained, _nodes, _times),
    st.builds(facts.SlotOpened, _pools, _small, _nodes, _words, _amounts, _times),
    st.builds(facts.SlotReady, _pools, _small, _times),
    st.builds(facts.SlotUsed, _pools, _small, st.booleans(), _times),
    st.builds(facts.SlotClosing, _pools, _small, _words, _times),
    st.builds(facts.SlotClosed, _pools, _small, _words, _times),
    st.builds(facts.PolicyApplied, _pools, _words, _times),
    st.builds(facts.PoolShrunk, _pools, _times),
    st.builds(facts.TroubleSeen, st.sampled_from(_SUBJECTS), _words, _small, _times, _times),
    st.builds(facts.TroubleCleared, st.sampled_from(_SUBJECTS), _times),
    st.builds(facts.Approved, _words, _times),
    st.builds(facts.Destroyed, _words, _times),
    st.builds(facts.Relearned, st.booleans(), _times),
    st.builds(facts.TaskRenamed, _tasks, st.sampled_from(["a", "b-1", "c"]), _times),
    st.builds(facts.TaskProtected, _tasks, st.booleans(), _times),
    st.builds(facts.RevisionSeen, _revisions, _times, st.booleans(), _words, _words, _words),
    st.builds(facts.RevisionWorked, _revisions, _small, _small, _small),
    st.builds(facts.RevisionConverged, _revisions, _times),
    st.builds(facts.Pinned, _revisions, _times),
    st.builds(facts.Suspended, _targets, _times, _times, _words, st.booleans()),
    st.builds(facts.Resumed, _targets, _times, _words),
)
