"""The common face of all engines, and the ways in which they fail.

An engine carries out single calls and decides nothing. Calls are synchronous, may come from
several threads at once, and each has a deadline of its own: none ever hangs for good.
"""

from collections.abc import Iterable, Iterator
from typing import Literal, Protocol

from msgspec import Struct

from reconciler.engines.dialogue import Command, Dialogue
from reconciler.engines.errors import (
    BuildFailedError,
    ConflictError,
    DataMissingError,
    EngineError,
    ImageMissingError,
    PermanentError,
    StrandedError,
    TransientError,
    UnreachableError,
)
from reconciler.engines.folders import FolderFile
from reconciler.engines.images import Content, Images, Login, Present, Progress
from reconciler.model.action import CreateRequest
from reconciler.model.amounts import Amounts
from reconciler.model.claim import Taken
from reconciler.model.cluster import Fabric, Network, NetworkRequest
from reconciler.model.data import Stored
from reconciler.model.observed import Container, ContainerDetail, Usage
from reconciler.model.staging import Staging


class EngineInfo(Struct, frozen=True):
    """What an engine says of itself: memory in bytes."""

    version: str
    cpus: int
    memory: int
    fabric: Fabric = Fabric()

    @property
    def amounts(self) -> Amounts:
        """What the node has, as far as the engine tells: nothing of GPUs."""
        return Amounts(float(self.cpus), self.memory)


class EngineEvent(Struct, frozen=True):
    """A hint that something changed: look at this object again.

    `exit_code` is given for `die`, the number of the `signal` for `kill`; `at` is the engine's own
    time, epoch seconds. A volume's `id` is its name.
    """

    kind: Literal["container", "volume"]
    action: str
    id: str
    name: str
    at: float
    exit_code: int | None = None
    signal: int | None = None


class EventStream(Protocol):
    """An open subscription. Iterating blocks for the next event and ends when the stream does."""

    def __iter__(self) -> Iterator[EngineEvent]:
        """Yield events until closed, or raise UnreachableError when the stream breaks."""
        ...

    def close(self) -> None:
        """End the iteration from another thread, at once."""
        ...


class Engine(Images, Protocol):
    """One node's engine. Every method may raise UnreachableError."""

    node: str

    @property
    def address(self) -> str:
        """Where the ports are reached that its containers publish: a name or an address.

        Empty where nobody can say.
        """
        ...

    def info(self) -> EngineInfo:
        """Ask by a call that takes the engine's locks, within 5 s: the health check."""
        ...

    def era(self) -> str:
        """Return what is another one after the engine has died and has ended what it ran.

        Also where it came back at once. Empty where the engine does not let that be told.
        """
        ...

    def list(self, project: str) -> tuple[Container, ...]:
        """Return the project's containers in one call, no inspection.

        Foreign ones are left out: those that lack one of our labels, or whose name is not the
        one that the labels spell.
        """
        ...

    def others(self, project: str) -> Taken:
        """Return what running containers take that are not the project's: their limits and ports.

        One without limits takes nothing.
        """
        ...

    def inspect(self, name: str) -> ContainerDetail | None:
        """Look at one container by name or id, waiting for a start under way to finish.

        None when there is no such container, or when it is not ours.
        """
        ...

    def create(self, request: CreateRequest) -> str:
        """Make a container and its volumes, and return its id.

        One of ours that already has the name and the same identity, work and shape is adopted,
        whatever became of it since.

        Raises:
            ConflictError: the name, or a volume's, belongs to something else.
            ImageMissingError: the image is not here.
            DataMissingError: data that it is to have are not here.
            PermanentError: the request itself is at fault.
            TransientError: it may work later.
        """
        ...

    def stage(self, container: str, staging: Staging) -> None:
        """Put files and data into a created container; one that was started is left as it is.

        It may be done again: what was put in is written once more. Owners are numbers by the
        time it is done: the user is the container's own, whom the image may know by name. Data
        that it has mounted are looked at.

        Raises:
            PermanentError: a file lies where none can be put, such as outside of any volume of a
                container whose root is read-only, or the image does not know the user.
            DataMissingError: data are not here any more, or others are mounted.
            TransientError: it may work later, or the container is gone.
        """
        ...

    def start(self, container: str, *, fenced: bool = False) -> None:
        """Start a created container; one that already runs or has ended is left as it is.

        `container` is an id or a name, here as below. An id is taken at its word, which saves a
        call; behind a name we look first, and touch nothing that is not ours.

        `fenced`: another start may be under way; look (under the engine's lock) before asking.
        Unfenced, the caller knows the container to be created: an ended one would run again.

        Raises:
            PermanentError: the program cannot be started.
            StrandedError: an earlier start was cut off by the engine's death.
            TransientError: it may work later (no port, no space, no address), or it is gone.
        """
        ...

    def signal(self, container: str, signal: str) -> None:
        """Send a signal; a container that is not running, or gone, is done already.

        Raises:
            PermanentError: there is no such signal.
        """
        ...

    def remove(self, container: str) -> None:
        """Remove an ended or never started container with its anonymous volumes; gone is done.

        Raises:
            TransientError: it is still running, or the engine is busy with it.
        """
        ...

    def logs(self, container: str, *, limit: int) -> bytes:
        """Return the last `limit` bytes or fewer of its output; empty when it is gone."""
        ...

    def follow(self, container: str, *, tail: int | None = None) -> Iterator[bytes]:
        """Yield output as it comes, from the last `tail` lines (None: all), until it ends."""
        ...

    def read_folder(self, container: str, folder: str) -> Iterator[FolderFile] | None:
        """Yield the files below a container's folder, ended or not; None where there is no folder.

        A link to the folder is followed. Below it, links, and whatever else is no file, are left
        out; a file with two names is there twice. Nobody can do anything to the container until
        all is read, or the iterator is closed.

        Raises:
            TransientError: it changed while it was read, or the container is gone.
        """
        ...

    def execute(self, container: str, command: Command) -> Dialogue:
        """Begin a program in a container that runs, as that one's user and in its workdir.

        Raises:
            TransientError: the container does not run, or is gone.
        """
        ...

    def attach(self, container: str) -> Dialogue:
        """Listen to a container's own program, all it has said so far included, and talk to it.

        It may be yet to be started: nothing is missed then. It reads if it was made with `stdin`.

        Raises:
            TransientError: the container is gone.
        """
        ...

    def usage(self, container: str) -> Usage | None:
        """Return what a container, by id, uses at the moment; None where it is not running."""
        ...

    def events(self, project: str) -> EventStream:
        """Subscribe to changes of the project's containers and of its claim.

        Subscribed on return, or a moment before: events of the last second may come again. What
        an event tells, a list that is asked for after it shows.
        """
        ...

    def claim(self, project: str, labels: dict[str, str]) -> dict[str, str]:
        """Put up the project's claim unless there is one; return the labels of the one there.

        An atomic test-and-set. The engine adds marks of its own, so compare what was given, not
        the whole.
        """
        ...

    def claimed_by(self, project: str) -> dict[str, str] | None:
        """Return the labels of the project's claim, None where there is none."""
        ...

    def release(self, project: str) -> None:
        """Take the project's claim down; gone is done, and what lacks our mark stays.

        Raises:
            ConflictError: what holds the claim's name was not put up by `claim`.
        """
        ...

    def volumes(self, project: str) -> tuple[str, ...]:
        """Return the engine's names of the project's own volumes, its claim left out."""
        ...

    def remove_volume(self, name: str) -> None:
        """Remove a volume of ours with what is in it; gone is done.

        Raises:
            ConflictError: it is not ours.
            TransientError: a container still uses it.
        """
        ...

    def stored(self, project: str) -> tuple[Stored, ...]:
        """Return the data that are kept for a project, each of them whole."""
        ...

    def store(self, project: str, data: Stored, content: Iterable[bytes]) -> None:
        """Keep data, whose `content` is a tar; they are there whole or not at all.

        Where somebody else was first with the same key, theirs stay. What earlier ones left behind
        that were cut off is removed. An exception of `content` is passed on.

        Raises:
            TransientError: it may work later, such as when there is room on the disk.
        """
        ...

    def discard(self, project: str, key: str) -> None:
        """Keep data no more; gone is done. Nobody but the caller sees to it that none uses them.

        Raises:
            TransientError: a container has them mounted.
        """
        ...

    def sweep(self, project: str) -> None:
        """Remove what was left behind where data were not stored to the end."""
        ...

    def networks(self, project: str) -> tuple[Network, ...]:
        """Return the project's own networks."""
        ...

    def create_network(self, request: NetworkRequest) -> Network:
        """Make a network whose addresses we may give out; one of ours that is there is adopted.

        Raises:
            ConflictError: the name belongs to something else.
            TransientError: it may work later: no free addresses, or not there on all managers yet.
        """
        ...

    def remove_network(self, name: str) -> None:
        """Remove a network of ours; gone is done.

        Raises:
            ConflictError: it is not ours.
            TransientError: a running container is in it.
        """
        ...

    def close(self) -> None:
        """Give back connections."""
        ...


__all__ = [
    "BuildFailedError",
    "ConflictError",
    "Content",
    "DataMissingError",
    "Engine",
    "EngineError",
    "EngineEvent",
    "EngineInfo",
    "EventStream",
    "ImageMissingError",
    "Login",
    "PermanentError",
    "Present",
    "Progress",
    "StrandedError",
    "TransientError",
    "UnreachableError",
]
