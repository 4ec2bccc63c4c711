"""How secrets are shown: what each is called, where it is, and what it becomes; never a value."""

from collections.abc import Iterable

from reconciler.model.confidence import UsedSecret


def listed(secrets: Iterable[UsedSecret]) -> list[dict[str, str | None]]:
    """Return secrets as plain values; `target` is None for a variable."""
    return [
        {"name": one.name, "from": str(one.origin), "target": one.target or None} for one in secrets
    ]
