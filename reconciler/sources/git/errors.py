"""What keeps a revision or a remote from being read, in a sentence for whoever named it."""


class RevisionError(Exception):
    """A revision that cannot be read. Its message says why, and what can be done."""


class RemoteError(Exception):
    """A remote that cannot be asked, or settings that cannot hold. Its message says what to do."""


class DeadlineError(Exception):
    """A program that took too long, or was interrupted, and has been ended."""
