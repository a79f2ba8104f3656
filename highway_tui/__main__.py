"""Start of the program. No error of the caller, the author or the machine ends in a traceback."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Sequence

import click

from .cli import cli
from .exits import Exit, exit_of_error
from .garbage import collect_rarely
from .output import Output, complain


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; `arguments` are the process's own where None."""
    _write_anything()
    collect_rarely()
    try:
        code = cli.main(None if arguments is None else list(arguments), prog_name="highway-tui", standalone_mode=False)
    except click.ClickException as error:
        complain(error.format_message())
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        code = Exit.CANCELLED
    except BrokenPipeError:
        code = Exit.OK  # the reader of our output has seen enough
    except Exception as error:  # noqa: BLE001 - the top of the main thread: whatever it is becomes one line and a code
        code = _report(error)
    Output().flush()
    return int(code or Exit.OK)


def _write_anything() -> None:
    """A lone surrogate in a file name must not break a message about it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _report(error: Exception) -> int:
    """Say what went wrong on stderr; return the exit code."""
    code = exit_of_error(error)
    if code == Exit.BUG:
        from .logfile import record_crash

        kept = "it could not be logged"
        with contextlib.suppress(OSError):
            kept = f"details are in {record_crash(error)}"
        complain(f"internal error: {type(error).__name__}: {error} ({kept})")
        return code
    problems = getattr(error, "problems", None)
    if problems:
        from .diagnostics import print_problems

        print_problems(Output(sys.stderr), problems)
        return code
    complain(str(error))
    return code


if __name__ == "__main__":
    sys.exit(main())
