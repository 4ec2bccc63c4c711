"""Names of time zones: which there are, by the database of the machine."""

from reconciler.manifests.reporting import did_you_mean
from reconciler.manifests.vocabulary import UnknownNameError


def time_zone(text: str) -> str:
    """Return a time zone's name.

    Raises:
        UnknownNameError: when there is no such zone.
    """
    if text == "UTC":
        return text
    import zoneinfo  # noqa: PLC0415  # few manifests name a zone

    try:
        zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        hint = "Write CONTINENT/CITY, such as Europe/Berlin, or UTC."
        hint = did_you_mean(text, zoneinfo.available_timezones(), hint)
        raise UnknownNameError(f"{text!r} is no time zone", hint) from None
    return text
