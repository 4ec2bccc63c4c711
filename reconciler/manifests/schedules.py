"""Cron expressions and time zones: which of them exist.

Decides by what the cron library and the machine's time zone database know, both loaded only
where something is to be looked up. Must not know when anything fires: that is for whoever has
a clock.
"""

from typing import Final

from reconciler.manifests.reporting import did_you_mean
from reconciler.manifests.vocabulary import HintedError, UnknownNameError

_FIELDS: Final = 5
_NICKNAMES: Final = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0", "@daily": "0 0 * * *", "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}  # fmt: skip
_ORDER: Final = "Five fields: minute, hour, day of month, month, day of week."


def cron(text: str) -> str:
    """Return a cron expression with single spaces.

    Raises:
        HintedError: when it is none, or one that never comes.
    """
    from datetime import UTC, datetime  # noqa: PLC0415  # few tasks have a schedule

    from cronsim import CronSim, CronSimError  # noqa: PLC0415  # as above

    parts = text.split()
    if len(parts) != _FIELDS:
        nickname = _NICKNAMES.get(text.strip().lower())
        hint = f"Write {nickname!r}." if nickname else _ORDER
        raise HintedError(f"{text!r} has {len(parts)} fields, not {_FIELDS}", hint)
    try:
        next(CronSim(text, datetime(2000, 1, 1, tzinfo=UTC)))
    except CronSimError as fault:
        what = str(fault).removeprefix("Bad ")
        raise HintedError(f"{text!r} is no cron expression: bad {what}", _ORDER) from None
    except StopIteration:
        raise HintedError(f"{text!r} never comes", "No date fits all of its fields.") from None
    return " ".join(parts)


def time_zone(text: str) -> str:
    """Return a time zone's name.

    Raises:
        UnknownNameError: when the machine's database has no such zone.
    """
    if text == "UTC":
        return text
    import zoneinfo  # noqa: PLC0415  # few manifests name a zone

    try:
        zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        known = zoneinfo.available_timezones()
        hint = did_you_mean(text, known, "Write CONTINENT/CITY, such as Europe/Berlin, or UTC.")
        if not known:
            hint = "This machine has no time zone database: install tzdata."
        raise UnknownNameError(f"{text!r} is no time zone", hint) from None
    return text
