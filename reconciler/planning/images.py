"""Which content a run's image is on a node, and how it is made present there, once for all.

Must not know which instance is first to need it, nor what it takes to get it.
"""

from reconciler.model.action import Action, InstanceState, Verb
from reconciler.model.confidence import Sealed, sealed_for
from reconciler.model.spec import image_subject
from reconciler.planning import cause
from reconciler.planning.scene import Pulling, Scene, Seat
from reconciler.planning.step import Step


def images_step(scene: Scene, node: str) -> Step | None:
    """Return the step that makes the image present; a gang's on all its nodes, before any is made.

    Otherwise those that are made first could keep from others what these lack.
    """
    seats = scene.gang.seats.values() if scene.gang else ()
    others = sorted({other.node for other in seats if isinstance(other, Seat)} - {node})
    steps = (image_step(scene, one) for one in (node, *others))
    return next((step for step in steps if step is not None), None)


def image_step(scene: Scene, node: str) -> Step | None:
    """Return the step that makes the run's image present on a node, None when it is."""
    given, image = scene.given, scene.task.spec.image
    if node in scene.run.images:
        return None
    reference = scene.reference
    subject = image_subject(scene.task.spec, node, reference)
    waits = given.waits_until(subject)
    if waits:
        return Step(InstanceState.PENDING, waits[1], wake_at=waits[0], blocked=True)
    reason = being_made_present(image, node)
    if subject in given.underway.subjects or _shares(scene, subject):
        return Step(InstanceState.PREPARING, reason, awaited=subject)
    scene.pulling[subject] = Pulling([(scene.task.name, scene.run.number)])
    why = cause.stated(given.desired, scene.task, f"run {scene.run.number} uses it", "image")
    pull = Action(
        verb=Verb.PULL,
        node=node,
        subject=subject,
        task=scene.task.name,
        run=scene.run.number,
        cause=why,
        image=image,
        reference=reference if reference != image else "",
        pull=scene.task.spec.pull,
        origin=scene.task.spec.origin,
        login=scene.task.spec.login,
        sealed=_sealed(scene),
        priority=scene.task.priority,
    )
    return Step(InstanceState.PREPARING, reason, (pull,), awaited=subject)


def _sealed(scene: Scene) -> Sealed:
    """Return the encrypted files that the image's registry is asked with."""
    login = scene.task.spec.login
    origins = (login.username_from, login.password) if login else ()
    known = (origin for origin in origins if origin is not None)
    return sealed_for(known, scene.given.desired.sealed.items()) if origins else ()


def _shares(scene: Scene, subject: str) -> bool:
    """Whether another run asks for the image already; what comes of that is for this one, too."""
    asked, wanted = scene.pulling.get(subject), (scene.task.name, scene.run.number)
    if asked is not None and wanted not in asked.runs[-1:]:
        asked.runs.append(wanted)
    return asked is not None


def being_made_present(image: str, node: str) -> str:
    """Word what an instance waits for while a node gets its image."""
    return f"image {image} is being made present on node {node}"
