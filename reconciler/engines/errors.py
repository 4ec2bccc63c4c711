"""The ways in which engines fail. Each message is a sentence for people."""


class EngineError(Exception):
    """An engine said no. The message is a sentence for people."""


class TransientError(EngineError):
    """Worth trying again later: no space, a name still held, a network that flapped."""


class PermanentError(EngineError):
    """The same request will be refused again: a bad option, a bind source that is missing.

    `exit_code` is what `docker run` would return when the program could not be started: 126
    where it is not executable, 127 where it is not found, otherwise None.
    """

    def __init__(self, message: str, exit_code: int | None = None) -> None:
        """Keep the sentence and the exit code."""
        super().__init__(message)
        self.exit_code = exit_code


class ImageMissingError(EngineError):
    """The image is not on the node (create), or cannot be had (pull)."""


class DataMissingError(EngineError):
    """Data that an instance is to have are not on the node any more. `key` is their content's."""

    def __init__(self, message: str, key: str) -> None:
        """Keep the sentence, and which data."""
        super().__init__(message)
        self.key = key


class BuildFailedError(PermanentError):
    """An image cannot be built as its Dockerfile says. `output` is the end of what was printed."""

    def __init__(self, message: str, output: str) -> None:
        """Keep the sentence and the output."""
        super().__init__(message)
        self.output = output


class ConflictError(EngineError):
    """The name is held by something that is not ours; it is left alone."""


class StrandedError(EngineError):
    """An engine died while it started this container, and will never start it again.

    Whether its program has begun is unknown, and nothing that an engine offers would tell.
    """


class UnreachableError(EngineError):
    """The engine does not answer, or not in time. Whether it acted is unknown."""
