"""Where secrets are, and how they are read: in variables, in files, in files encrypted with age."""

from reconciler.secrets.errors import SecretError
from reconciler.secrets.places import MAX_BYTES, MAX_FILE_BYTES, MAX_WORD_BYTES, Secret, text_of
from reconciler.secrets.sealed import opened

__all__ = [
    "MAX_BYTES",
    "MAX_FILE_BYTES",
    "MAX_WORD_BYTES",
    "Secret",
    "SecretError",
    "opened",
    "text_of",
]
