"""Judging a file in a process of its own that may not hang, grow or fall over unnoticed.

Run as a program it is a server that has read one honest workbook and forks for each file, so that a case costs
milliseconds and its peak of memory is that of a worker of ``gongkai merge``: interpreter, imports and the file.
"""

from __future__ import annotations

import atexit
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RUN = "run"
HARD_SECONDS, HARD_BYTES = 20, 1 << 30
"""What ends a process that is out of bounds; a test asserts far less."""


class Judge:
    """The server, at the other end of two pipes."""

    def __init__(self, honest: Path, faulty: Path) -> None:
        self._server = subprocess.Popen(
            [sys.executable, __file__, str(honest), str(faulty)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # Coverage would take as long as the work, and as much memory.
            env={name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")},
        )

    def __call__(self, file: Path, what: str = "judge") -> dict[str, Any]:
        """Return what came of a file: its outcome, the seconds of CPU and the peak of memory in MB that took."""
        assert self._server.stdin
        assert self._server.stdout
        print(json.dumps([what, os.fsencode(file).decode("latin-1")]), file=self._server.stdin, flush=True)
        return json.loads(self._server.stdout.readline())

    def close(self) -> None:
        self._server.communicate()


@dataclass(frozen=True)
class Run:
    """What a command printed, its exit code, and what it took."""

    code: int
    out: str
    err: str
    cpu: float
    peak: float
    """MB."""


def run(*arguments: object) -> Run:
    """Run the command line in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        took = Path(folder, "took")
        command = [sys.executable, __file__, RUN, str(took), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
        cpu, peak = json.loads(took.read_text("ascii"))
    return Run(done.returncode, done.stdout, done.stderr, cpu, peak)


def _run(took: Path, arguments: list[str]) -> None:
    from gongkai.cli import main  # noqa: PLC0415 - the tests that start this need none of it

    atexit.register(lambda: took.write_text(json.dumps([time.process_time(), _memory("VmHWM")]), "ascii"))
    sys.argv[1:] = arguments
    main()


def _reason(error: str) -> str:
    """Return the key of the sentence that says why a file cannot be read."""
    from gongkai.messages import UNREADABLE  # noqa: PLC0415 - the tests that start the server need none of it

    return next(
        (key for key, text in UNREADABLE.items() if text.partition("{")[0] == error[: text.find("{")] or text == error),
        error,
    )


def _judged(file: Path) -> dict[str, Any]:
    from gongkai.submission import judge  # noqa: PLC0415 - the tests that start the server need none of it

    found = judge(file)
    findings = [(each.rule, each.severity, each.sheet, each.cell) for each in found.findings]
    reason = None if found.error is None else _reason(found.error)
    values = None if found.report is None else [found.report.unit.name, found.report.year, *found.report.values]
    return {"status": found.status, "reason": reason, "error": found.error, "findings": findings, "values": values}


def _marked(file: Path) -> dict[str, Any]:
    from gongkai.returns import marked_copy  # noqa: PLC0415 - the tests that start the server need none of it
    from gongkai.submission import judge  # noqa: PLC0415 - as above

    data, ending = marked_copy(judge(file))
    return {"ending": ending, "size": len(data)}


def _confined(what: str, file: Path, parent: float) -> dict[str, Any]:
    """Do one thing in this process, which is a fork with nothing else to do."""
    signal.alarm(HARD_SECONDS)  # what waits for ever takes no CPU
    resource.setrlimit(resource.RLIMIT_CPU, (HARD_SECONDS, HARD_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (HARD_BYTES, HARD_BYTES))
    for path in sys.argv[1:]:  # what the server has of files in memory is with us only when it is touched
        _judged(Path(path))
    shared = max(parent - _memory("VmRSS"), 0)
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", "ascii")  # forget the peak we inherited
    begun = time.process_time()
    try:
        outcome = {"judge": _judged, "mark": _marked}[what](file)
    except BaseException as error:  # noqa: BLE001 - told to the test, which fails
        outcome = {"crash": repr(error)}
    seconds = time.process_time() - begun
    return {**outcome, "cpu": seconds, "peak": _memory("VmHWM") + shared}


def _memory(kind: str) -> float:
    """Return what the kernel says of this process, in MB."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(kind))


def _serve() -> None:
    for line in sys.stdin:
        what, name = json.loads(line)
        reader, writer = os.pipe()
        parent = _memory("VmRSS")
        child = os.fork()
        if not child:
            os.write(writer, json.dumps(_confined(what, Path(os.fsdecode(name.encode("latin-1"))), parent)).encode())
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            answer = pipe.read()
        status = os.waitpid(child, 0)[1]
        sys.stdout.write((answer.decode() or json.dumps({"crash": f"died of signal {status}"})) + "\n")
        sys.stdout.flush()


if __name__ == "__main__" and sys.argv[1] == RUN:
    _run(Path(sys.argv[2]), sys.argv[3:])
elif __name__ == "__main__":
    # Checkers of formats that a development environment may have by chance; we ship without, and nobody asks for them.
    for name in (
        "rfc3987_syntax",
        "rfc3987",
        "arrow",
        "fqdn",
        "isoduration",
        "webcolors",
        "uri_template",
        "jsonpointer",
    ):
        sys.modules[name] = None  # type: ignore[assignment]
    from gongkai.submission import judge

    # The first file with faults brings in what explains them.
    assert [judge(Path(file)).status for file in sys.argv[1:]] == ["passed", "failed"]
    _serve()
