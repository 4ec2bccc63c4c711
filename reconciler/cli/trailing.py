"""Verbs that take a program of the user's own: all that stands after `--` is that program's."""

import click


class Trailing(click.Command):
    """A command whose function gets the words after the first `--` as `words`, untouched."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep what comes after `--` out of click's sight."""
        at = args.index("--") if "--" in args else len(args)
        try:
            rest = super().parse_args(ctx, args[:at])
        except click.UsageError as error:
            if at < len(args):
                raise
            hint = "; a program of yours stands after --, with all that is for it"
            raise click.UsageError(error.format_message() + hint, ctx) from error
        ctx.params["words"] = tuple(args[at + 1 :])
        return rest

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Tell of the program in the usage line."""
        return [*super().collect_usage_pieces(ctx), "-- PROGRAM [ARGUMENT]..."]
