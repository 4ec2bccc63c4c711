"""Words on their way to disk."""


def text(words: str) -> str:
    """Return words as UTF-8 can hold them: engines and file names say what is no text at all."""
    return words if words.isascii() else words.encode("utf-8", "replace").decode()
