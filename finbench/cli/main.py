"""`finbench`: its own commands, and those that others bring by entry point."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

import click

from finbench import __version__
from finbench.errors import InputError, tell

#: Own commands, loaded when they are called: `finbench --help` imports none of them.
_OWN = {
    "tasks": ("finbench.cli.tasks:tasks", "The catalogue: every task, whether it runs here, where its rows come from."),
    "eval": ("finbench.cli.evaluate:evaluate", "Score models on tasks; resumable."),
    "compare": ("finbench.cli.compare:compare", "Is a candidate better than a baseline? Paired tests with intervals."),
    "rank": ("finbench.cli.rank:rank", "Rank intervals and ties of all models."),
    "power": ("finbench.cli.power:power", "What difference a number of items can show."),
    "export": ("finbench.cli.export:export", "One row per model, task, item and epoch; or Every Eval Ever."),
    "judge-check": (
        "finbench.cli.judge_check:judge_check",
        "Is a model fit to judge? Agreement with labelled answers.",
    ),
    "genrm-check": (
        "finbench.cli.genrm_check:genrm_check",
        "Is a model fit to teach steps? Its location and correction against the program's.",
    ),
    "audit": ("finbench.cli.audit:audit", "How many evaluation items stand in a training text."),
    "data": ("finbench.cli.data:data", "What rows are here, fetching them, checking them."),
}
GROUP = "finbench.commands"


class Commands(click.Group):
    """Commands by name, late; one that cannot be imported says so when it is called, and hides no other."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Own commands and those of the entry point group, sorted."""
        return sorted({*_OWN, *entry_points(group=GROUP).names})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or one that explains why it is not to be had."""
        if cmd_name in _OWN:
            return _load(cmd_name, _OWN[cmd_name][0])
        for entry in sorted(entry_points(group=GROUP, name=cmd_name), key=lambda entry: entry.value):
            return _load(cmd_name, entry.value)
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One line a command."""
        rows = []
        for name in self.list_commands(ctx):
            command = None if name in _OWN else self.get_command(ctx, name)
            rows.append((name, _OWN[name][1] if name in _OWN else (command.get_short_help_str(80) if command else "")))
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run, and end every expected fault with one sentence and an exit code of the contract."""
        try:
            code = super().main(*args, **{**kwargs, "standalone_mode": False})
            sys.exit(code if isinstance(code, int) else 0)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message())
            sys.exit(2)
        except click.UsageError as error:
            where = f" (see `{error.ctx.command_path} --help`)" if error.ctx else ""
            tell(f"{' '.join(error.format_message().split())}{where}")
            sys.exit(2)
        except click.ClickException as error:
            error.show()
            sys.exit(error.exit_code)
        except (KeyboardInterrupt, click.Abort):
            tell("interrupted; what was finished is kept, run the same command again to go on")
            sys.exit(2)
        except BrokenPipeError:
            sys.stderr.close()  # the reader of our output has left, which is no fault
            sys.exit(0)
        except OSError as error:
            reason = "the disk is full" if error.errno == 28 else (error.strerror or str(error)).lower()
            place = f"{error.filename}: " if error.filename else ""
            tell(f"{place}{reason}; mend that and run the same command again")
            sys.exit(2)


def _load(name: str, target: str) -> click.Command:
    module, _, attribute = target.partition(":")
    try:
        loaded = import_module(module)
    except ImportError as error:
        return _unavailable(name, f"needs the module '{error.name}', which is not installed")
    except Exception as error:  # a plug-in is another person's code: --help asks all, and one must not hide the others
        return _unavailable(name, f"cannot be loaded ({type(error).__name__}: {str(error).partition(chr(10))[0]})")
    if not hasattr(loaded, attribute):
        return _unavailable(name, f"is declared as {target}, which does not exist")
    command = getattr(loaded, attribute)
    return command if isinstance(command, click.Command) else _unavailable(name, f"is no command: {target}")


def _unavailable(name: str, reason: str) -> click.Command:
    @click.command(name, short_help=f"(not available: {reason})", context_settings={"ignore_unknown_options": True})
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def command(arguments: tuple[str, ...]) -> None:
        raise InputError(
            f"the command '{name}' {reason}; install what it needs, for example pip install 'finbench[{name}]'"
        )

    return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="finbench")
def main() -> None:
    """What a language model can do in finance, with error bars.

    Exit codes: 0 done, 1 the check or claim failed, 2 the input is not usable.
    """


if __name__ == "__main__":
    main()
