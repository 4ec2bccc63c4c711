"""Bytes → text: UTF-8 of a bearable size, without what no editor shows.

Decides which characters may stand in a manifest. Must not know YAML.
"""

import re
from codecs import BOM_UTF8
from typing import Final

from reconciler.manifests.reporting import Report
from reconciler.model.position import Position

MAX_BYTES: Final = 1024 * 1024
BREAK: Final = re.compile(r"\r\n|\r|\n")
# What YAML calls not printable, and the line breaks that YAML 1.1 sees and no editor does.
_FORBIDDEN: Final = re.compile(
    "[^\t\n\r -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)


def decode(path: str, data: bytes, report: Report) -> str | None:
    """Return a file's text, None where it is refused."""
    start = Position(path, 1, 1)
    if len(data) > MAX_BYTES:
        message = f"the file has {len(data)} bytes, more than the {MAX_BYTES} that a manifest may"
        report.error("file-too-large", start, "", message, "Split it into several files.")
        return None
    data = data.removeprefix(BOM_UTF8)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        at = position(path, data[: error.start].decode("utf-8", "replace"))
        byte = data[error.start]
        report.error(
            "not-utf8", at, "", f"the byte 0x{byte:02x} is not UTF-8", "Save the file as UTF-8."
        )
        return None
    if bad := _FORBIDDEN.search(text):
        at = position(path, text[: bad.start()])
        message = f"the character U+{ord(bad[0]):04X} may not stand in a manifest"
        report.error("forbidden-character", at, "", message, "Remove it; this should be text.")
        return None
    return text


def position(path: str, before: str) -> Position:
    """Return where the text that follows `before` begins."""
    lines = BREAK.split(before)
    return Position(path, len(lines), len(lines[-1]) + 1)
