"""Which files of which container are to be stored, where, and when.

Decides by the manifest in force, and of what no manifest asks for any more by the one that its
container was made by. Names of objects are those of the container: they stay the same however
often the same files are sent. Must not know how anything is stored.
"""

import hashlib
import json
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from reconciler.model.action import Cause, InstanceState, Verb
from reconciler.model.data import Bucket, Destination, Outputs, Snapshot, Upload
from reconciler.model.desired import Desired, DesiredTask
from reconciler.model.fact import Result
from reconciler.model.hashing import Fingerprint
from reconciler.model.history import History
from reconciler.model.identity import SNAPSHOT, AttemptKey
from reconciler.model.observed import Container, Phase
from reconciler.model.policy import inside
from reconciler.model.run import Attempt, Run
from reconciler.model.staging import SCRATCH
from reconciler.planning.input_sets import sets_of
from reconciler.planning.numbering import text_of
from reconciler.planning.prefixes import rendered
from reconciler.planning.scene import Pass, Slot
from reconciler.planning.step import Step, act

FOLDER: Final = ".reconciler/"
"""Below a prefix, where the manifests of results are."""
_OURS: Final = f"**/{FOLDER}"
STORING: Final = "its results are being stored"
_DISCARDED: Final = "its results are given up by request"
_DIGEST: Final = 20


def fingerprint_of(desired: Desired, task: DesiredTask) -> Fingerprint | None:
    """Return where a task's files go, to be kept with its attempts; None where nothing is kept."""
    bucket = desired.buckets.get(task.outputs.bucket) if task.outputs else None
    if task.outputs is None or bucket is None:
        return None
    text = msgspec.json.encode(Destination(outputs=task.outputs, bucket=bucket)).decode()
    return Fingerprint(f"o1-{hashlib.sha256(text.encode()).hexdigest()[:_DIGEST]}", text)


def bucket_of(desired: Desired, history: History, record: Attempt) -> Bucket | None:
    """Return the bucket of an attempt's results: as it is declared, else as it was at the time."""
    if record.results is None:
        return None
    name, said = record.results.bucket, history.specs.get(record.outputs)
    former = msgspec.json.decode(said, type=Destination).bucket if said else None
    return desired.buckets.get(name) or (former if former and former.name == name else None)


class Forgone(Struct, frozen=True):
    """Results that will not be stored, though they were to be, and why."""

    reason: str


def upload_of(given: Pass, container: Container) -> Upload | Forgone | None:
    """Return what is to be stored of a container that has ended, None for nothing more."""
    record, to = given.record(container), _destination(given, container)
    if to is None or container.phase is not Phase.EXITED or (record and record.results):
        return None
    if not _applies(to.outputs, container, record):
        return None
    cancel = _cancelled(given, container)
    if record and record.discarded_at:
        return Forgone(f"{cancel}; {_DISCARDED}" if cancel else _DISCARDED)
    if cancel and to.outputs.on_cancel == "discard":
        return Forgone(f"{cancel}; its results are given up")
    return _named(given, container, record, to)


def upload_in_place_of(
    given: Pass, task: DesiredTask, attempt: AttemptKey, node: str, image: str
) -> Upload | None:
    """Return what would be stored of an attempt's container, were there one; None for nothing.

    `image` is what the container would be made from.
    """
    container = Container(
        id="",
        name=given.name_of(attempt),
        node=node,
        attempt_key=attempt,
        work=task.work.hash,
        shape=task.shape.hash,
        phase=Phase.EXITED,
        image_id=image,
        job=task.job,
        revision=given.desired.revision,
        values=text_of(task.values_of(attempt.key.instance)),
    )
    to = _destination(given, container)
    record = Attempt(attempt.attempt, node, count=len(task.instances))
    return _named(given, container, record, to) if to else None


def _named(given: Pass, container: Container, record: Attempt | None, to: Destination) -> Upload:
    """Return an upload together with what tells of it in the end."""
    upload = _upload(given, container, record, to)
    name = f"{container.key.task}.{container.run}.{container.key.instance}.json"
    about = json.dumps(_about(given, container, record), ensure_ascii=False)
    return replace(upload, manifest=f"{upload.prefix}{FOLDER}{name}", about=about)


def storing(given: Pass, container: Container, upload: Upload) -> Step:
    """Return the step that stores what an ended container has left."""
    cause = Cause("it has ended; its results are to be stored", revision=given.desired.revision)
    if snapshot_subject(given, container) in given.underway.subjects:
        return Step(InstanceState.COLLECTING, "a snapshot of it is being stored")
    action = act(given, Verb.UPLOAD, container.attempt_key, container.node, cause,
                 container=container.id)  # fmt: skip
    return Step(InstanceState.COLLECTING, STORING, (replace(action, upload=upload),))


def with_snapshots(given: Pass, slot: Slot, step: Step) -> Step:
    """Return a step with the snapshots that are due of what runs, and when the next one is."""
    busy = {*given.underway.subjects, *(action.subject for action in step.actions)}
    for container in slot.containers:
        if container.live and container.name not in busy and not given.unknown(container.node):
            step = _with_snapshot(given, container, step)
    return step


def snapshot_subject(given: Pass, container: Container) -> str:
    """Return what a snapshot of a container acts on: apart from it, which may end meanwhile."""
    return f"{SNAPSHOT}{given.name_of(container.attempt_key)}"


def _with_snapshot(given: Pass, container: Container, step: Step) -> Step:
    record, to = given.record(container), _destination(given, container)
    done = record is None or record.ended or record.stop_requested_at or record.discarded_at
    if record is None or to is None or done:
        return step
    due, asked = _due_at(given, container, to.outputs, record)
    subject = snapshot_subject(given, container)
    if due is None or subject in given.underway.subjects:
        return step
    if due > given.now:
        return replace(step, wake_at=due if step.wake_at is None else min(due, step.wake_at))
    why = "asked for" if asked else "it is time for what it has written so far"
    cause = Cause(why, revision=given.desired.revision)
    action = act(given, Verb.SNAPSHOT, container.attempt_key, container.node, cause,
                 container=container.id)  # fmt: skip
    action = replace(action, subject=subject, upload=_upload(given, container, record, to))
    return replace(step, actions=(*step.actions, action))


def _due_at(
    given: Pass, container: Container, outputs: Outputs, record: Attempt
) -> tuple[float | None, bool]:
    """Return when the next snapshot is due, None for never, and whether it was asked for."""
    last = record.snapshot or Snapshot()
    asked = last.asked_at > last.at
    waits = given.waits_until(snapshot_subject(given, container))
    if asked:
        return (waits[0] if waits else given.now), True
    if not outputs.snapshot_every:
        return None, False
    since = max(last.at, record.start_requested_at)
    due = since + outputs.snapshot_every
    return (max(due, waits[0]) if waits else due), False


def _destination(given: Pass, container: Container) -> Destination | None:
    """Return where a container's files go, None for nowhere."""
    task = given.desired.tasks.get(container.key.task)
    if task is not None:
        bucket = given.desired.buckets.get(task.outputs.bucket) if task.outputs else None
        return Destination(outputs=task.outputs, bucket=bucket) if task.outputs and bucket else None
    record = given.record(container)
    said = given.history.specs.get(record.outputs) if record and record.outputs else None
    return msgspec.json.decode(said, type=Destination) if said else None


def _applies(outputs: Outputs, container: Container, record: Attempt | None) -> bool:
    """Whether files are kept of a container that ended as this one has.

    An exit with code 0 may have been before it was told to end, so that is success until it has
    been looked at.
    """
    if container.exit_code == 0:
        return True
    stopped = record is not None and bool(record.stop_requested_at)
    if stopped and record is not None and record.stop_result is Result.CANCELLED:
        return outputs.on_cancel == "upload"
    return outputs.on_failure == "upload"


def _cancelled(given: Pass, container: Container) -> str:
    """Return why a container's instance was ended on purpose, empty where it was not."""
    known = given.history.tasks.get(container.key.task)
    run = known.runs.get(container.run) if known else None
    cancel = run.cancel_of(container.key.instance) if run else None
    return cancel.reason if cancel and cancel.result is Result.CANCELLED else ""


def _upload(given: Pass, container: Container, record: Attempt | None, to: Destination) -> Upload:
    outputs, work = to.outputs, _work(given, container)
    return Upload(
        bucket=to.bucket,
        prefix=rendered(outputs.prefix, _values(container, record)),
        source=outputs.source,
        include=outputs.include,
        exclude=(*outputs.exclude, _OURS, *_private(outputs.source)),
        # Secrets are put in as inputs are, and are nobody's results either.
        among_inputs=bool(work.get("inputs") or work.get("secrets")),
    )


def _private(source: str) -> tuple[str, ...]:
    """Return a pattern of what is ours below a folder: keys, above all. Nothing where none is."""
    if inside(source, SCRATCH):
        return ("**",)
    if not inside(SCRATCH, source):
        return ()
    return (f"{SCRATCH.removeprefix(source).lstrip('/')}/**",)


def _values(container: Container, record: Attempt | None) -> dict[str, str]:
    """Return what a prefix may use: what the container's program was told."""
    named = record.named if record and record.named else container.key.task
    return dict(_matrix(container)) | {
        "INSTANCE_ID": str(container.key.instance),
        "INSTANCE_COUNT": str(record.count if record else 0),
        "TASK_NAME": named,
        "JOB_NAME": container.job,
        "RUN": str(container.run),
        "ATTEMPT": str(container.attempt),
        "REVISION": container.revision,
    }


def _about(given: Pass, container: Container, record: Attempt | None) -> dict[str, object]:
    """Return what is known before an attempt is looked at: all that it takes to do it again."""
    work = _work(given, container)
    known = given.history.tasks.get(container.key.task)
    run = known.runs.get(container.run) if known else None
    return {
        "project": given.desired.project,
        "task": container.key.task,
        "job": container.job,
        "instance": container.key.instance,
        "run": container.run,
        "attempt": container.attempt,
        "revision": container.revision,
        "instanceCount": record.count if record else 0,
        "values": _matrix(container),
        "image": work.pop("image", ""),
        "imageDigest": (run.images.get(container.node) if run else "") or container.image_id,
        "workHash": container.work,
        "work": work,
        "inputs": _inputs(given, container, run),
    }


def _inputs(given: Pass, container: Container, run: Run | None) -> list[dict[str, object]]:
    """Return which content a container found at which target, as far as that can be told.

    It cannot of a task that has other work by now: where that has its inputs from says nothing.
    """
    task = given.desired.tasks.get(container.key.task)
    if task is None or run is None or task.work.hash != container.work:
        return []
    there, found = run.inputs.get(container.node, {}), []
    for one in sets_of(given.desired, task, container.attempt_key):
        if kept := there.get(one.description):
            had = kept.resolved
            found.append({"target": one.target, "content": had.key, "files": had.files,
                          "bytes": had.size})  # fmt: skip
    return found


def _matrix(container: Container) -> dict[str, str]:
    return dict(json.loads(container.values)) if container.values else {}


def _work(given: Pass, container: Container) -> dict[str, object]:
    """Return what a container was to do, as its run has it on record."""
    found: dict[str, object] = json.loads(given.history.specs.get(container.work, "{}"))
    return found
