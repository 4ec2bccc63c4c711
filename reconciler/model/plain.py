"""Foreign text made harmless: what manifests, logs, engines and forges say, for any reader.

Decides which characters are shown as their codes, and how text is made short. What a sink needs
beyond that (markdown, workflow commands, mentions) is its own business.
"""

import re
from typing import Final

# Terminal controls, and what turns the reading direction round unseen.
_CONTROL: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def escape(text: str) -> str:
    """Return foreign text with its terminal controls made visible; newlines and tabs stay."""
    return _CONTROL.sub(_visible, text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """Return foreign text as a single line."""
    return escape(text).strip().replace("\n", " ↵ ").replace("\t", " ")


def cut(text: str, limit: int) -> str:
    """Return a text of at most so many characters; where something is missing, it ends in …."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _visible(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"  # noqa: PLR2004  # one byte
