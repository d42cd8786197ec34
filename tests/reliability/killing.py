"""Commands that are killed: with kill -9 before the n-th thing they do to the disk, or at a random moment after it.

Run as a script this module is a process that has tried every command once; it forks for each one it is asked for, which
takes a tenth of the time of starting anew. What runs in the fork is the command line, from its first line to its end.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TEMPORARY = "临时"
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate", "os.chmod", "sqlite3.connect"}


@dataclass(frozen=True, slots=True)
class Run:
    """How a command ended."""

    code: int
    """Its exit code, -9 when it was killed."""
    err: str
    events: tuple[str, ...]
    """What it did to the disk, with the path below its home; before the last of these, or later, it was killed."""
    left: int
    """Processes it left behind, a while after its end."""


class Commands:
    """Runs commands, each in a process group of its own, with ``home``/临时 as its folder for temporary files."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()  # ours: what a fork has it removes
        self._server = subprocess.Popen(
            [sys.executable, __file__, self._folder.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )

    def close(self):
        self._server.stdin.close()
        self._server.wait()
        self._server.stdout.close()
        self._folder.cleanup()

    def __call__(self, home, *arguments, at=None, delay=None, alone=False):
        """Run a command to its end, or kill it before its event number ``at``, or so many seconds after that event.

        ``alone`` kills the process itself, and not those it has started.
        """
        job = {"home": str(home), "at": at, "delay": delay, "alone": alone}
        print(json.dumps({**job, "arguments": [*map(str, arguments)]}), file=self._server.stdin, flush=True)
        answer = json.loads(self._server.stdout.readline())
        return Run(answer["code"], answer["err"], tuple(answer["events"]), answer["left"])


@contextmanager
def commands() -> Iterator[Commands]:
    running = Commands()
    try:
        yield running
    finally:
        running.close()


# --- the process that forks


def serve(folder):
    """Do what comes in line by line, each in a fork, and answer how it ended."""
    _warm_up(folder)
    gc.freeze()  # what nobody changes is not copied
    log, err = folder / "log", folder / "err"
    for line in sys.stdin:
        job = json.loads(line)
        log.write_bytes(b"")
        pid = os.fork()
        if not pid:
            os.setsid()
            code = _command(job, log, err)
            atexit._run_exitfuncs()
            os._exit(code)  # without tidying up all that was imported
        status = _watch(pid, job, log)
        answer = {
            "code": os.waitstatus_to_exitcode(status),
            "left": _left(pid),
            "err": err.read_text("utf-8"),
            "events": log.read_text("utf-8", "surrogateescape").splitlines(),
        }
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _warm_up(folder):
    """Try everything once, so that forks find it in memory."""
    import crash_region  # noqa: PLC0415 - only here
    from test_cli import Result  # noqa: PLC0415

    crash_region.write(folder, 0)
    for arguments in crash_region.COMMANDS.values():
        Result(*(argument.format(home=folder) for argument in arguments[0]))


def _command(job, log, err):
    from gongkai import cli  # noqa: PLC0415 - only here

    for number, name in ((0, os.devnull), (1, os.devnull), (2, err)):
        file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, number)
    os.environ["TMPDIR"], tempfile.tempdir = str(Path(job["home"], TEMPORARY)), None
    _hear(job["home"], os.open(log, os.O_WRONLY | os.O_APPEND), None if job["delay"] is not None else job["at"])
    sys.argv = ["gongkai", *job["arguments"]]
    try:
        cli.main()
    except SystemExit as end:
        return end.code


def _hear(home, log, kill_at):
    """Note what happens to the disk from now on; die before event number ``kill_at``."""
    ours, count = os.getpid(), 0

    def happens(event, path):
        nonlocal count
        name = os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else str(path)
        if os.getpid() != ours or (name.startswith("/") and not name.startswith(home)):
            return
        count += 1
        os.write(log, f"{event} {name.removeprefix(home)}\n".encode("utf-8", "surrogateescape"))
        if count == kill_at:
            os.killpg(0, signal.SIGKILL)

    def hook(event, arguments):
        if event in _CHANGES or (event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITES):
            happens(event, arguments[0])

    fsync = os.fsync

    def heard(file):
        happens("os.fsync", file)
        fsync(file)

    os.fsync = heard  # which tells no audit
    sys.addaudithook(hook)


def _watch(pid, job, log):
    """Wait for a process, or kill it some time after an event; return how it ended."""
    while job["delay"] is not None:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status
        if log.read_bytes().count(b"\n") >= job["at"]:
            time.sleep(job["delay"])
            (os.kill if job["alone"] else os.killpg)(pid, signal.SIGKILL)
            break
        time.sleep(0.0003)
    return os.waitpid(pid, 0)[1]


def _left(group):
    """Wait at most ten seconds for the end of all processes of a group; return how many go on."""
    end = time.monotonic() + 10
    while (count := sum(_group_of(entry) == group for entry in Path("/proc").iterdir())) and time.monotonic() < end:
        time.sleep(0.02)
    return count


def _group_of(entry):
    """Return the process group of a process that lives."""
    try:
        state, _, group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
    except (OSError, ValueError):
        return None
    return None if state == "Z" else int(group)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
