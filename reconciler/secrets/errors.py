"""What goes wrong with secrets."""


class SecretError(Exception):
    """A secret that cannot be read. The message says where it should be, and never its value."""
