"""What a file of manifests tells the others: who is in it, whom it names, what it asks and offers.

All that the checks across manifests need, and nothing of how it was found: small enough to be
kept from one check to the next. Plain values only.
"""

from msgspec import Struct

from reconciler.model.amounts import Amounts
from reconciler.model.catalog import Use
from reconciler.model.position import Position
from reconciler.model.problem import Problem
from reconciler.model.spec import Pairs


class Place(Struct, frozen=True, array_like=True):
    """Where something stands: position and RFC 6901 pointer inside the document."""

    at: Position
    pointer: str = ""


class Reference(Struct, frozen=True, array_like=True):
    """The use of another manifest's name, or of a file of the source that is none."""

    kind: str
    name: str
    place: Place


class FixedPort(Struct, frozen=True, array_like=True):
    """A port of the node that every instance wants for itself."""

    number: int
    protocol: str
    place: Place


class Endpoint(Struct, frozen=True, array_like=True):
    """Where an engine listens; empty for this machine's."""

    text: str
    place: Place


class Declared(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One manifest, or one task inside a job's.

    `at` is where it begins and `named` its name. `nodes` are the labels that it wants of nodes,
    `labels` its own. `room` is what each instance asks for, or what a node or a slot of a pool
    has, said at `sized`; `reached` is a node's endpoint. A task's `job` is the one that it stands
    in or names, `former` the name that it had before; `together` counts instances that may run at
    once, `text` characters of what is hashed. `made` is what its image is made of, if anything,
    `tag` the image where it is named by a tag alone.
    """

    kind: str
    name: str
    at: Position
    named: Place
    job: str = ""
    references: tuple[Reference, ...] = ()
    labels: Pairs = ()
    nodes: Pairs = ()
    room: Amounts = Amounts()
    sized: Place | None = None
    ports: tuple[FixedPort, ...] = ()
    reached: Endpoint | None = None
    former: Reference | None = None
    instances: int = 0
    together: int = 0
    text: int = 0
    made: Use | None = None
    tag: Reference | None = None


class Filed(Struct, frozen=True):
    """All there is to know of a file: its problems, and what it declares.

    `checked` counts documents. `lost`: some of it cannot be understood, and may be what others
    refer to. `against` tells which profiles its tasks were compiled with:
    the name, and the digest of the file that it came from; `terms` the policies that it was held
    against.
    """

    checked: int
    lost: bool = False
    problems: tuple[Problem, ...] = ()
    declared: tuple[Declared, ...] = ()
    against: dict[str, str] = {}
    terms: str = ""
