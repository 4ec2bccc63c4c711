"""Regular expressions and patterns of paths, as manifests may hold them.

Decides which are well-formed. Expressions are those of linear-time engines: whatever a
committer writes, matching costs no more than the text is long. Must not know what is matched.
"""

from typing import Final

from reconciler.manifests.schemas import matches
from reconciler.manifests.vocabulary import HintedError

MAX_GROUPS: Final = 2  # of an expression that finds progress
_NAMED: Final = ("?P<", "?<")
_LOOK_BEHIND: Final = ("?<=", "?<!")


def expression(text: str) -> int:
    """Return the number of groups of a regular expression.

    Raises:
        HintedError: when it is none, or none with linear time.
    """
    message = f"{text!r} is no regular expression with linear time"
    try:
        matches(text, "")
        return _groups(text)
    except ValueError:
        raise HintedError(message, "Look-around and back-references are not available.") from None


def progress(text: str) -> int:
    """Return the number of groups of an expression that finds progress: one or two.

    Raises:
        HintedError: when it is no expression, or has none or more.
    """
    found = expression(text)
    if not 1 <= found <= MAX_GROUPS:
        hint = r"One group for a percentage, two for what is done and to be done: (\d+)/(\d+)."
        raise HintedError(f"{text!r} has {found} groups, not one or two", hint)
    return found


def _groups(text: str) -> int:
    r"""Count capturing groups: each ( but in [classes], after \, and in (?: and its like."""
    count, depth, place = 0, 0, 0
    while place < len(text):
        if text[place] == "[":
            place = _class_end(text, place)
        elif text[place] == "(":
            depth += 1
            count += _captures(text[place + 1 : place + 4])
        elif text[place] == ")":
            depth -= 1
            if depth < 0:
                raise ValueError("a group ends that has not begun")
        place += 2 if text[place : place + 1] == "\\" else 1
    return count


def _captures(after: str) -> bool:
    named = after.startswith(_NAMED) and not after.startswith(_LOOK_BEHIND)
    return named or not after.startswith("?")


def _class_end(text: str, place: int) -> int:
    """Return where a class of characters ends; one may hold others, and ] as its first."""
    depth = 0
    while place < len(text):
        if text[place] == "[":
            depth += 1
            place += text[place + 1 : place + 2] == "^"
            place += text[place + 1 : place + 2] == "]"
        elif text[place] == "]":
            depth -= 1
            if not depth:
                return place
        place += 2 if text[place] == "\\" else 1
    raise ValueError("a class of characters does not end")


def glob(text: str) -> str:
    """Return a pattern of relative paths.

    Raises:
        HintedError: when it can match nothing below a folder, or has brackets left open.
    """
    parts = text.split("/")
    if not parts[0]:
        raise HintedError(f"{text!r} begins with /", "Patterns are relative to the folder.")
    if ".." in parts:
        raise HintedError(f"{text!r} leads out of the folder", "Remove the ..")
    if any("**" in part and part != "**" for part in parts):
        hint = "** stands alone between slashes: **/*.csv"
        raise HintedError(f"{text!r} joins ** with other characters", hint)
    if any(part.count("[") > part.count("]") for part in parts):
        raise HintedError(f"{text!r} has an open [", "Close it, or write [[] for the character.")
    return text
