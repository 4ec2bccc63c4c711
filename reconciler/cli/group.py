"""The command itself: which verbs there are, and where each one's file is.

A verb's module is imported when it is called, or when its own help is asked for; the list of
verbs stands here, so that `--help` and `--version` import none.
"""

import importlib
import sys
from collections.abc import Sequence
from typing import Any, Final, NoReturn

import click

from reconciler import __version__

VERBS: Final = {
    "init": "Make a starter folder that works.",
    "validate": "Check manifests, and change nothing.",
    "plan": "Show what apply would do, and why.",
    "apply": "Make it so, once.",
    "run": "Make it so, and keep it so.",
    "up": "Run an image once, as one would with `docker run`.",
    "status": "Show where every task stands.",
    "describe": "Show all there is to know of a task or an instance.",
    "why": "Say why a task or an instance is as it is.",
    "logs": "Show what instances print.",
    "exec": "Execute a program in instances that run.",
    "ssh": "Log into an instance by ssh.",
    "events": "Show what the reconciler did.",
    "wait": "Wait until batch has ended and services are ready.",
    "results": "List, fetch or compare what instances have left.",
    "snapshot": "Store what instances have written so far.",
    "stop": "Stop a task, an instance or a job, in its present run.",
    "retry": "Let what has failed go on.",
    "rerun": "Run all of it again, as a new run.",
    "suspend": "Create nothing new for a task, a job or all.",
    "resume": "End a suspension.",
    "approve": "Allow what is held back.",
    "history": "List the revisions, or the runs and attempts of a target.",
    "pin": "Stay on a revision, whatever the source says.",
    "unpin": "Follow the source again.",
    "reconcile": "Have everything looked at now.",
    "relearn": "Go on after the ledger was lost.",
    "destroy": "Take everything down.",
    "backup": "Copy the ledger.",
    "restore": "Put a copy of the ledger back.",
    "nodes": "List the nodes; cordon, drain or forget one.",
    "buckets": "List the buckets and what is in them; carry data there and back.",
    "images": "List the images; lock, build, push or prune them.",
    "pools": "List the pools and what their slots are doing.",
    "schema": "Print the JSON schema of a kind of manifest.",
    "explain": "Tell what a problem's code means, with examples.",
    "profiles": "List the standard profiles, or print one.",
}


class LazyGroup(click.Group):
    """Verbs by name, each imported on first use; every ending is an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order in which one meets them."""
        del ctx
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a verb's command, None where there is no such verb."""
        del ctx
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"reconciler.cli.verbs.{cmd_name}")
        command: click.Command = module.command
        command.short_help = VERBS[cmd_name]
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb that is meant, or the one that it resembles."""
        if args and not args[0].startswith("-") and args[0] not in VERBS:
            import difflib  # noqa: PLC0415  # only mistakes need it

            near = difflib.get_close_matches(args[0], VERBS, n=1)
            meant = f"; did you mean {near[0]}?" if near else ""
            ctx.fail(f"there is no verb {args[0]!r}{meant}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of verbs without importing them."""
        del ctx
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT002  # click's signature
        **extra: Any,  # noqa: ANN401  # as above
    ) -> NoReturn:
        """Run, and exit with one of our own codes."""
        del standalone_mode
        from reconciler.cli.failing import guarded  # noqa: PLC0415  # `--version` needs none of it

        def run() -> object:
            return super(LazyGroup, self).main(
                args, prog_name, complete_var, standalone_mode=False, **extra
            )

        sys.exit(guarded(run))


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done; 1 failed or invalid; 2 `plan --exit-code` found something to do; "
    "3 held, or another writer; 64 wrong usage.",
)
@click.version_option(__version__, prog_name="reconciler", message="%(prog)s %(version)s")
def cli() -> None:
    """Containers as declared in a folder of manifests: batch and services on plain Docker."""
