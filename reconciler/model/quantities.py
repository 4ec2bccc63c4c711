"""Sizes, cpus, durations and instance ranges: from what people write to numbers, and back.

Decides which spellings are understood. Must not know where a text stands or what it is for;
every refusal is a ValueError whose message is one sentence for the text's author.
"""

import re
from decimal import Decimal
from functools import lru_cache
from typing import Final

BYTE_UNITS: Final = {
    "": 1,
    "k": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4,
    "Ki": 1024, "Mi": 1024**2, "Gi": 1024**3, "Ti": 1024**4,
}  # fmt: skip
MAX_BYTES: Final = 2**60
MAX_CPUS: Final = 10_000
MAX_SECONDS: Final = 10 * 366 * 86_400
MAX_INSTANCES: Final = 100_000
MAX_INSTANCE_ID: Final = 999_999
_DURATION_UNITS: Final = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_MILLI: Final = Decimal(1000)
_LONGEST: Final = 64  # no sensible quantity is longer, and digits cost time
_FEW: Final = 1024  # thousands of tasks share a handful of quantities, and each is read at length

_BYTES: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)([kMGT]|[KMGT]i)?")
_CPUS: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(m)?")
_SECONDS: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_DURATION: Final = re.compile(
    r"(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m(?!s))?(?:([0-9]+(?:\.[0-9]+)?)s)?(?:([0-9]+)ms)?"
)
_RANGE: Final = re.compile(r"([0-9]{1,7})(?:-([0-9]{1,7}))?")


@lru_cache(_FEW, typed=True)
def parse_bytes(value: str | float) -> int:
    """Return a number of bytes: plain, or with k, M, G, T (1000) or Ki, Mi, Gi, Ti (1024).

    Raises:
        ValueError: when it is no size, or no whole number of bytes, or absurdly large.
    """
    text = _text(value)
    found = _BYTES.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no size: write bytes such as 512Mi, 2G or 1048576")
    exact = Decimal(found[1]) * BYTE_UNITS[found[2] or ""]
    if exact > MAX_BYTES:
        raise ValueError(f"{text!r} is more than 1024 Pi bytes")
    if exact != int(exact):
        raise ValueError(f"{text!r} is no whole number of bytes")
    return int(exact)


def format_bytes(number: int) -> str:
    """Return the shortest exact spelling, binary units first."""
    for unit in ("Ti", "Gi", "Mi", "Ki", "T", "G", "M", "k"):
        if number and number % BYTE_UNITS[unit] == 0:
            return f"{number // BYTE_UNITS[unit]}{unit}"
    return str(number)


def size(number: int) -> str:
    """Return bytes as people say them, in binary units with three digits at most."""
    scaled, units = float(number), ["", "Ki", "Mi", "Gi", "Ti"]
    while scaled >= 1000 and len(units) > 1:  # noqa: PLR2004  # three digits
        scaled, units = scaled / 1024, units[1:]
    return f"{scaled:.3g}{units[0]}"


@lru_cache(_FEW, typed=True)
def parse_cpus(value: str | float) -> float:
    """Return a number of processors: 2, 0.5, or in thousandths: 500m.

    Raises:
        ValueError: when it is none, finer than a thousandth, or absurdly large.
    """
    text = _text(value)
    found = _CPUS.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no number of cpus: write 2, 0.5 or 500m")
    exact = Decimal(found[1]) / (_MILLI if found[2] else 1)
    if exact > MAX_CPUS:
        raise ValueError(f"{text!r} is more than {MAX_CPUS} cpus")
    if exact * _MILLI != int(exact * _MILLI):
        raise ValueError(f"{text!r} is finer than a thousandth of a cpu")
    return float(exact)


def format_cpus(number: float) -> str:
    """Return whole cpus as such and parts of one in thousandths."""
    thousandths = round(number * 1000)
    whole, rest = divmod(thousandths, 1000)
    return f"{thousandths}m" if rest else str(whole)


@lru_cache(_FEW, typed=True)
def parse_duration(value: str | float) -> float:
    """Return seconds: plain, or units in falling order: 7d, 1h30m, 10s, 1.5s, 250ms.

    Raises:
        ValueError: when it is no duration, or longer than ten years.
    """
    text = _text(value)
    found = _DURATION.fullmatch(text)
    if _SECONDS.fullmatch(text):
        exact = Decimal(text)
    elif found is None or not text:
        raise ValueError(f"{text!r} is no duration: write seconds, or 250ms, 10s, 1h30m, 7d")
    else:
        exact = sum(
            (Decimal(found[place] or 0) * unit
             for place, unit in enumerate(_DURATION_UNITS.values(), start=1)),
            start=Decimal(found[5] or 0) / _MILLI,
        )  # fmt: skip
    if exact > MAX_SECONDS:
        raise ValueError(f"{text!r} is longer than ten years")
    if exact * _MILLI != int(exact * _MILLI):
        raise ValueError(f"{text!r} is finer than a millisecond")
    return float(exact)


def format_duration(seconds: float) -> str:
    """Return the units that are not zero in falling order, to the millisecond: 1h30m, 250ms."""
    rest, thousandths = divmod(round(seconds * 1000), 1000)
    parts = []
    for unit, size in _DURATION_UNITS.items():
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    if thousandths:
        parts.append(f"{thousandths}ms")
    return "".join(parts) or "0s"


def parse_ranges(text: str) -> tuple[int, ...]:
    """Return the instance ids of "0-2,4,7-9", ascending, each once.

    Raises:
        ValueError: when a part is no id or range, runs backwards, or there are too many.
    """
    numbers: set[int] = set()
    for part in text.split(","):
        first, last = _bounds(part.strip())
        numbers.update(range(first, last + 1))
        if len(numbers) > MAX_INSTANCES:
            raise ValueError(f"more than {MAX_INSTANCES} instances")
    return tuple(sorted(numbers))


def format_ranges(numbers: tuple[int, ...]) -> str:
    """Return ascending ids with neighbours drawn together: 0-2,4."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return ",".join(f"{a}-{b}" if a != b else str(a) for a, b in runs)


def _bounds(part: str) -> tuple[int, int]:
    found = _RANGE.fullmatch(part)
    if found is None:
        raise ValueError(f"{part[:_LONGEST]!r} is no instance id or range such as 0-2")
    first, last = int(found[1]), int(found[2] or found[1])
    if last < first:
        raise ValueError(f"the range {part!r} runs backwards: write {last}-{first}")
    if last > MAX_INSTANCE_ID:
        raise ValueError(f"the instance id {last} is above {MAX_INSTANCE_ID}")
    return first, last


def _text(value: str | float) -> str:
    written = isinstance(value, str | bool)  # a bool is a number to Python only
    text = str(value) if written else format(Decimal(str(value)), "f")
    if len(text) > _LONGEST:
        raise ValueError(f"{text[:_LONGEST]!r}… is too long for a quantity")
    return text
