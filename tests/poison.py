"""Work that goes wrong, in a module of its own: a worker that was started anew must be able to import it."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from gongkai.submission import judge_all


def environment(**more):
    """Return the environment of a process that is to be killed: it finds our code, and is not measured.

    Coverage holds a lock while it takes notes, and keeps it for ever when Ctrl-C comes in between.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **more}


def names(task):
    return [Path(file).name for _, file in task]


def sleepy(task):
    """Say that it began, then sleep longer than any test waits."""
    Path(task[0][1]).touch()
    time.sleep(300)


_TESTS = int(os.environ.setdefault("GONGKAI_TESTS", str(os.getpid())))
"""The process that runs the tests: whoever it starts inherits the number."""


def die(how):
    if how != "raise" and os.getpid() == _TESTS:
        pytest.fail("a file that kills workers was read by the process that started them")  # no Exception
    {"kill": lambda: os.kill(os.getpid(), signal.SIGKILL), "exit": lambda: os._exit(3), "raise": lambda: 1 / 0}[how]()


def deadly(task, how="kill"):
    """Die of every file whose name says so."""
    if any("毒" in file for _, file in task):
        die(how)
    return names(task)


def once(task, folder=None):
    """Die the first time of each file whose name says so."""
    for _, file in task:
        mark = Path(folder, Path(file).name)
        if "险" in file and not mark.exists():
            mark.touch()
            die("kill")
    return names(task)


def judged(task, how="kill", poison="毒"):
    """Judge as the kit does, and die of a file whose name says so."""
    if any(poison in Path(file).name for _, file in task):
        die(how)
    return judge_all(task)
