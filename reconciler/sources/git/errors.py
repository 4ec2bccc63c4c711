"""What keeps a revision from being read, in a sentence for whoever named it."""


class RevisionError(Exception):
    """A revision that cannot be read. Its message says why, and what can be done."""
