"""What makes the work of two attempts equal, so that what the one comes to is the other's as well.

Decides what is compared: the image by its digest, all of the work besides, what an instance is
told of itself, the content of its inputs, its secrets by keyed account, and which of its files are
kept. Not: task, run, attempt, revision, limits, nor what lies outside of all that.
"""

import hashlib
import json
from typing import Final

from reconciler.model.desired import DesiredTask
from reconciler.model.identity import AttemptKey
from reconciler.model.images import digest_in
from reconciler.planning.inputs import provisions_of
from reconciler.planning.scene import Scene

_LENGTH: Final = 40
# Said by the digest, and by what the inputs have come to.
_RESOLVED: Final = ("image", "inputs")


def shares(task: DesiredTask) -> bool:
    """Whether instances may take over results, and leave theirs to others.

    A service has none, and instances that only work together have none of their own.
    """
    return task.cache and not task.service and not task.gang


def equal_of(scene: Scene, attempt: AttemptKey, node: str, image: str, secrets: str) -> str:
    """Return what attempts of equal work and inputs have in common; empty where that is not known.

    `image` is what the task's is on the node, which has the attempt's inputs. `secrets` is the
    keyed account of those that it is told.
    """
    task, instance = scene.task, attempt.key.instance
    if not shares(task) or not image or (task.spec.secrets and not secrets):
        return ""
    work = json.loads(task.work.text)
    provisions = provisions_of(scene, attempt, node)
    kept = task.outputs
    said = {
        "work": {name: work[name] for name in work if name not in _RESOLVED},
        "image": digest_in(image) or image,
        "instance": instance,
        "count": len(task.instances),
        "values": dict(task.values_of(instance)),
        "inputs": sorted([one.target, one.read_only, one.key] for one in provisions),
        "secrets": secrets,
        "outputs": [kept.source, kept.include, kept.exclude] if kept else [],
    }
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"e1-{hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]}"
