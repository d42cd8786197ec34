"""Finding and running other programs, each with a deadline."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

_PLACES = ("/usr/lib/libreoffice/program", "/usr/lib64/libreoffice/program", "/opt/*office*/program")
_OFTEN = {"soffice": ("soffice", "libreoffice")}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a program printed, and how it ended; ``code`` is None when it did not end in time, or did not start."""

    code: int | None
    text: str = ""


Runner = Callable[[list[str], float], Outcome]
"""Runs a command to its end, or for so many seconds."""


def find(name: str) -> str | None:
    """Return where a program of LibreOffice is, or None. LibreOffice from a vendor's package is not on the path."""
    for candidate in _OFTEN.get(name, (name,)):
        if path := shutil.which(candidate):
            return path
    for place in _PLACES:
        for folder in sorted(Path("/").glob(place[1:]), reverse=True):
            if (folder / name).is_file():
                return str(folder / name)
    return None


def run(command: list[str], seconds: float, environ: Mapping[str, str] | None = None) -> Outcome:
    """Run a program to its end, or for ``seconds``; then it is ended with everything it has started."""
    # A Python that another program brings along must not be led astray by our own.
    kept = {name: value for name, value in (environ or os.environ).items() if not name.startswith("PYTHON")}
    try:
        process = subprocess.Popen(  # noqa: S603 - programs we have found ourselves, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=kept,
            start_new_session=True,
            text=True,
            errors="replace",
        )
    except OSError as error:
        return Outcome(None, str(error))
    with process:
        try:
            text, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            _end(process)
            return Outcome(None)
        except BaseException:  # interrupted: it is in a group of its own, and would go on
            _end(process)
            raise
    return Outcome(process.returncode, text)


def _end(process: subprocess.Popen[str]) -> None:
    if sys.platform == "win32":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
