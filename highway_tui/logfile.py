"""The engine's own log: a file in the state folder, never the terminal. Configured here and nowhere else."""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path
from typing import Final

_FORMAT: Final = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"
_KEEP_BYTES: Final = 5 * 1024 * 1024
"""A larger file is put aside as `.1` at the next start."""


def default_path() -> Path:
    """`highway-tui.log` in the state folder of this person."""
    from platformdirs import user_state_path

    return user_state_path("highway-tui") / "highway-tui.log"


def configure(path: Path | None) -> Path:
    """Send all logging to `path`, or to the default file where None; return the file.

    Raises OSError where the file cannot be written.
    """
    file = path if path is not None else default_path()
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.suppress(OSError):
        if path is None and file.stat().st_size > _KEEP_BYTES:
            file.replace(file.with_name(f"{file.name}.1"))
    os.close(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600))
    handler = logging.FileHandler(file, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(logging.Formatter(_FORMAT))
    silence()
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would note every URL, with all that is in it
    return file


def silence() -> None:
    """Keep logging off the terminal even where there is no file, and let a full disk not become a traceback."""
    logging.raiseExceptions = False
    logging.lastResort = None
    logging.captureWarnings(capture=True)


def record_crash(error: BaseException) -> Path:
    """Log an unexpected error with its traceback; return the file. Raises OSError where there can be none."""
    files = [handler for handler in logging.getLogger().handlers if isinstance(handler, logging.FileHandler)]
    file = Path(files[0].baseFilename) if files else configure(None)
    logging.getLogger("highway_tui").critical("internal error", exc_info=error)
    return file
