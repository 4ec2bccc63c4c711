"""Regular expressions and patterns of paths, as manifests may hold them.

Decides which are well-formed. Expressions are those of linear-time engines: whatever a
committer writes, matching costs no more than the text is long (RE2). Must not know what is
matched.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

from reconciler.manifests.vocabulary import HintedError

_SPECIAL: Final = re.compile(r"[!-,./:-@\[-^`{-~]")  # ASCII but letters, digits, _ and -
_WILD: Final = {"*": "[^/]*", "?": "[^/]"}
MAX_GROUPS: Final = 2  # of an expression that finds progress


def expression(text: str) -> int:
    """Return the number of groups of a regular expression.

    Raises:
        HintedError: when it is none, or none with linear time.
    """
    try:
        return int(compiled(text).groups)
    except ValueError:
        message = f"{text!r} is no regular expression with linear time"
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


def matches(pattern: str, text: str) -> bool:
    """Return whether the whole text matches an expression that is well-formed."""
    return compiled(pattern).fullmatch(text.encode("utf-8", "surrogatepass")) is not None


@lru_cache(256)
def compiled(text: str) -> Any:  # noqa: ANN401  # the library has no static types
    """Return an expression ready to look for in bytes.

    Raises:
        ValueError: when it is none with linear time.
    """
    import re2  # type: ignore[import-untyped]  # noqa: PLC0415  # few manifests need it

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(text.encode(), options)
    except (re2.error, UnicodeEncodeError) as error:
        raise ValueError(str(error)) from None


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
    try:
        compiled(_expression_of(text))
    except ValueError:
        message = f"{text!r} has brackets that mean nothing"
        raise HintedError(message, "Write a range from low to high, such as [a-z].") from None
    return text


def chosen(include: Sequence[str], exclude: Sequence[str]) -> Callable[[str], bool]:
    """Return what says whether a path matches one of the patterns, and none of the others.

    Patterns are well-formed. One that ends in / is for all that is below. However many there are,
    a path is looked through once for either.
    """
    wanted, unwanted = (
        compiled("|".join(map(_expression_of, patterns))) if patterns else None
        for patterns in (include, exclude)
    )

    def choose(path: str) -> bool:
        told = path.encode("utf-8", "surrogatepass")
        if wanted is None or wanted.fullmatch(told) is None:
            return False
        return unwanted is None or unwanted.fullmatch(told) is None

    return choose


def _expression_of(pattern: str) -> str:
    """Return the regular expression that matches the same paths as a pattern."""
    parts = [part for part in pattern.removesuffix("/").split("/") if part != "."]
    if pattern.endswith("/"):
        parts.append("**")
    *above, last = parts or ["**"]
    folders = "".join("(?:[^/]+/)*" if part == "**" else _part(part) + "/" for part in above)
    return f"(?s:{folders}{'.+' if last == '**' else _part(last)})"


def _part(text: str) -> str:
    """Return the expression for what stands between slashes."""
    found, at = [], 0
    while at < len(text):
        end = text.find("]", at + 3 if text[at + 1 : at + 2] == "!" else at + 2)
        if text[at] == "[" and end > 0:
            found.append(_class(text[at + 1 : end]))
            at = end
        else:
            found.append(_WILD.get(text[at]) or re.escape(text[at]))
        at += 1
    return "".join(found)


def _class(inside: str) -> str:
    negated = inside.startswith("!")
    characters = _SPECIAL.sub(lambda one: f"\\{one[0]}", inside[negated:])
    return f"[^/{characters}]" if negated else f"[{characters}]"
