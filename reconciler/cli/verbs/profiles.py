"""`profiles`: the standard profiles, which every source can use without copying them."""

import json

import click

from reconciler import manifests
from reconciler.cli.exits import Failure
from reconciler.cli.options import format_option
from reconciler.cli.text import columns, echo
from reconciler.manifests import StandardProfile


@click.command("profiles")
@click.argument("name", required=False)
@format_option
def command(name: str | None, form: str) -> None:
    """List the standard profiles, or print the manifest of the one with this NAME."""
    profiles = {profile.name: profile for profile in manifests.profiles()}
    if name is not None and name not in profiles:
        import difflib  # noqa: PLC0415  # only mistakes need it

        near = difflib.get_close_matches(name, profiles, n=1)
        meant = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(profiles)}"
        raise Failure(f"there is no standard profile {name}{meant}")
    chosen = [profiles[name]] if name is not None else list(profiles.values())
    if form == "json":
        echo(json.dumps({"profiles": [_plain(profile) for profile in chosen]}, indent=2))
    elif name is not None:
        echo(profiles[name].text.rstrip())
    else:
        for line in columns([(p.name, p.description) for p in chosen], {}):
            echo(line)


def _plain(profile: StandardProfile) -> dict[str, object]:
    return {
        "name": profile.name,
        "description": profile.description,
        "constants": dict(profile.constants),
    }
