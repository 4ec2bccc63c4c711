"""Data that comes from buckets and goes to them, as manifests ask for it.

Plain values. In prefixes, `${INSTANCE_ID}` and the other built-ins still stand as they were
written: each instance has its own. Must not know how anything is stored or carried.
"""

from typing import Final, Literal

from msgspec import Struct

from reconciler.model.identity import AttemptKey

CACHE: Final = 20 * 2**30
"""How many bytes of data a node keeps for a project for later, unless the operator says."""

Leftover = Literal["upload", "discard"]
"""What is done with the files of an attempt that did not succeed."""


class Bucket(Struct, frozen=True, kw_only=True):
    """A folder or a bucket of an S3 service, or a part of one.

    `url` is `file:///PATH` or `s3://BUCKET[/PREFIX]`. `credentials` is the name under which the
    operator has those it is asked with, empty for none; `endpoint` and `region` are empty where
    nothing is said. `ambient`: without credentials of its own, those of the reconciler's own
    environment may be used.
    """

    name: str
    url: str
    endpoint: str = ""
    region: str = ""
    credentials: str = ""
    ambient: bool = False


class Input(Struct, frozen=True, kw_only=True):
    """Objects that an instance finds as files below `target`.

    They are those whose names begin with `prefix`; `strip_prefix` is taken off the front of their
    names. `read_only`: they are shared with other instances and cannot be changed, else each
    instance has copies of its own.
    """

    bucket: str
    target: str
    prefix: str = ""
    strip_prefix: str = ""
    read_only: bool = False


class Outputs(Struct, frozen=True, kw_only=True):
    """Files of an instance that are kept: those below `source`, in objects below `prefix`.

    Kept is what matches one of `include` and none of `exclude`. `snapshot_every` is in seconds,
    0.0 for only at the end.
    """

    bucket: str
    source: str
    prefix: str = ""
    include: tuple[str, ...] = ("**",)
    exclude: tuple[str, ...] = ()
    snapshot_every: float = 0.0
    on_failure: Leftover = "upload"
    on_cancel: Leftover = "upload"


class Origin(Struct, frozen=True, kw_only=True):
    """Objects of one bucket: those whose names begin with `prefix`.

    Each is a file whose path is the object's name without `strip_prefix`.
    """

    bucket: Bucket
    prefix: str = ""
    strip_prefix: str = ""


class Resolved(Struct, frozen=True):
    """What inputs came to: their content's key, how much it is in bytes, and in how many files."""

    key: str
    size: int = 0
    files: int = 0


class Use(Struct, frozen=True):
    """Data that a project has had on a node: when they were last of use, in epoch seconds.

    `needed`: instances that are yet to start are to have them.
    """

    key: str
    at: float
    needed: bool = False


class Fetching(Struct, frozen=True, kw_only=True):
    """Data that a node is to have: the files of all origins, of which the later ones win.

    `description` is the same for the same origins. `uses` is what is known of data there.
    """

    project: str
    description: str
    origins: tuple[Origin, ...]
    uses: tuple[Use, ...] = ()


class Stored(Struct, frozen=True):
    """Data of a project that are whole on a node. `used`: a container has them mounted.

    `since` is when they were put there, in epoch seconds by the engine's clock.
    """

    key: str
    size: int
    files: int
    since: float = 0.0
    used: bool = False


class Provision(Struct, frozen=True, kw_only=True):
    """Data that an instance finds below `target`: shared and read-only, else copies of its own.

    `size` is in bytes.
    """

    project: str
    key: str
    target: str
    read_only: bool = False
    size: int = 0


class Destination(Struct, frozen=True, kw_only=True):
    """Where files of instances go, as it stood in a revision: what is kept, and in which bucket."""

    outputs: Outputs
    bucket: Bucket


class Upload(Struct, frozen=True, kw_only=True):
    """Files of one container that are to be stored, in objects below `prefix`.

    `manifest` is the name of the object that is to tell of them, and `about` what it says besides,
    as JSON; both are empty where they are stored in passing, while more of them may come.
    `among_inputs`: what was put into the container before its start may lie among them.
    """

    bucket: Bucket
    prefix: str
    source: str
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    manifest: str = ""
    about: str = ""
    among_inputs: bool = False


class Results(Struct, frozen=True, kw_only=True):
    """What is stored of an attempt: so many files of so many bytes, in objects below a prefix.

    `manifest` is the object that tells of each of them, `sha256` its digest. `sent` of the bytes
    went over the wire by the last call: the others were there. `note` says what else there is to
    know.
    """

    bucket: str
    prefix: str
    manifest: str = ""
    sha256: str = ""
    files: int = 0
    bytes: int = 0
    sent: int = 0
    note: str = ""


class Taking(Struct, frozen=True, kw_only=True):
    """What an attempt takes over instead of running: all that another one has come to.

    `source` is the attempt on whose record that is, `origin` the one that ran, and `equal` what
    they have in common. `count` is how many instances there are. `results` are in `bucket`; both
    are None where no files are kept. `outputs` is the hash of where the attempt's own are to go.
    """

    source: AttemptKey
    origin: AttemptKey
    equal: str
    count: int
    revision: str
    results: Results | None = None
    bucket: Bucket | None = None
    outputs: str = ""


class Snapshot(Struct, frozen=True):
    """What was stored of an instance while it ran: when last, and by how many files that differed.

    `asked_at` is when a person asked for it last, 0.0 for never.
    """

    at: float = 0.0
    files: int = 0
    bytes: int = 0
    asked_at: float = 0.0
