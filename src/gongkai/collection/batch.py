"""Reading thousands of files at once: in chunks, with bounded work in flight, and no file lost to a dead worker.

Who does the work is a crew: we ourselves, processes on this computer, or a cluster. What comes out depends neither on
how many there are, nor on the order in which they finish, nor on which of them die.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing import connection
from typing import Any, Protocol, TypeVar

CHUNK = 32
"""Files per task: below it the traffic between processes shows, above it the last worker keeps the others waiting."""

Result = TypeVar("Result")
Task = tuple[tuple[int, str], ...]
"""Files as (number, path)."""
Work = Callable[[Task], Sequence[Result]]
"""What is done to a task; it returns one result per file."""


class Crew(Protocol):
    """Who does the work."""

    @property
    def free(self) -> bool:
        """Whether another task can be handed out."""

    @property
    def busy(self) -> bool:
        """Whether a task is handed out that is not done."""

    def hand_out(self, work: Work[Any], task: Task) -> None:
        """Let somebody do a task."""

    def done(self) -> tuple[Task, Sequence[Any] | None]:
        """Wait for any task and return its results, or ``None`` where it failed or its worker was lost."""

    def close(self) -> None:
        """Stop at once, whatever is going on."""


def each_chunk(
    tasks: Iterable[Sequence[tuple[int, str]]], work: Work[Result], crew: Crew, give_up: Callable[[str], Result]
) -> Iterator[tuple[int, Result]]:
    """Yield (number, result) of every file exactly once, in the order in which chunks finish.

    The files of a chunk that failed are tried again one by one; a file that fails twice, in a chunk or by itself, is
    given up: ``give_up(path)`` is its result.
    """
    waiting = (tuple(task) for task in tasks)
    again: deque[Task] = deque()
    struck: set[int] = set()

    def hand_out() -> None:
        while crew.free and (task := again.popleft() if again else next(waiting, None)):
            crew.hand_out(work, task)

    hand_out()
    while crew.busy:
        task, results = crew.done()
        if results is None:
            found = [(number, give_up(path)) for number, path in task if number in struck]
            again.extend((file,) for file in task if file[0] not in struck)
            struck.update(number for number, _ in task)
        else:
            found = list(zip((number for number, _ in task), results, strict=True))
        hand_out()  # first, so that nobody waits while the caller is busy with the results
        yield from found


def attempt(work: Work[Result], task: Task) -> Sequence[Result] | None:
    """Do a task; ``None`` when it failed, for one bad file must not end a run over thousands."""
    try:
        return work(task)
    except Exception:  # whatever it is, it is told by naming the file
        logging.getLogger(__name__).debug("%d files from %s failed", len(task), task[0][1], exc_info=True)
        return None


class Here:
    """Nobody but ourselves: tasks are done when they are waited for."""

    def __init__(self) -> None:
        self._tasks: deque[tuple[Work[Any], Task]] = deque()
        self.feared: set[int] = set()
        """Files that a process died of, or beside: what killed it would kill us, and the whole run with us."""

    @property
    def free(self) -> bool:
        """Whether there is nothing to do."""
        return not self._tasks

    @property
    def busy(self) -> bool:
        """Whether there is something to do."""
        return bool(self._tasks)

    def hand_out(self, work: Work[Any], task: Task) -> None:
        """Put a task on the desk."""
        self._tasks.append((work, task))

    def done(self) -> tuple[Task, Sequence[Any] | None]:
        """Do a task, unless a file of it is feared."""
        work, task = self._tasks.popleft()
        return task, None if self.feared.intersection(number for number, _ in task) else attempt(work, task)

    def close(self) -> None:
        """Forget what was to do."""
        self._tasks.clear()


# --- processes


def processors() -> int:
    """Return how many processes can run at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_MOST = 61 if sys.platform == "win32" else 10_000
"""Windows cannot wait for more at once."""


class Processes:
    """Processes on this computer, each at the end of a pipe of its own, so that we know what a dead one was doing.

    They are started at once, before anybody starts threads. Where none can be started we do the work ourselves, except
    for what one of them died of.
    """

    def __init__(self, size: int, method: str | None = None) -> None:
        self._method = method
        self._here = Here()
        started = [self._start() for _ in range(min(size, _MOST))]
        self._workers = [worker for worker in started if worker and worker.ready()]

    @property
    def free(self) -> bool:
        """Whether a process has nothing to do."""
        return any(worker.task is None for worker in self._workers) if self._workers else self._here.free

    @property
    def busy(self) -> bool:
        """Whether a process, or ourselves, have something to do."""
        return self._here.busy or any(worker.task is not None for worker in self._workers)

    def hand_out(self, work: Work[Any], task: Task) -> None:
        """Send a task to a process that has nothing to do."""
        if not self._workers:
            self._here.hand_out(work, task)
            return
        worker = next(worker for worker in self._workers if worker.task is None)
        worker.task = task
        with contextlib.suppress(OSError):  # it is dead; whoever waits for it will find out
            worker.pipe.send((work, task))

    def done(self) -> tuple[Task, Sequence[Any] | None]:
        """Wait for a process to finish or to die; in place of a dead one another is started."""
        if self._here.busy:
            return self._here.done()
        working = {worker.pipe: worker for worker in self._workers if worker.task is not None}
        worker = working[connection.wait(working)[0]]  # type: ignore[index]  # pipes, as they went in
        task, worker.task = worker.task or (), None
        try:
            return task, worker.pipe.recv()
        except (EOFError, OSError):
            worker.stop()
            self._workers.remove(worker)
            self._here.feared.update(number for number, _ in task)
            other = self._start()
            if other and other.ready():
                self._workers.append(other)
            return task, None

    def close(self) -> None:
        """End all processes; they have nothing open that would need an orderly end."""
        self._here.close()
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.stop()
        self._workers.clear()

    def _start(self) -> _Worker | None:
        # A fork is there at once, but of a process with threads it may hang, and on macOS it may crash.
        forks = sys.platform == "linux" and threading.active_count() == 1
        try:
            return _Worker(self._method or ("fork" if forks else "spawn"))
        except OSError:  # no more processes, no more memory
            return None


class _Worker:
    """A process and our end of its pipe."""

    def __init__(self, method: str) -> None:
        context = multiprocessing.get_context(method)
        self.task: Task | None = None
        """What it is doing."""
        self.pipe, end = context.Pipe()
        self.process = context.Process(target=serve, args=(end, self.pipe), daemon=True)  # type: ignore[attr-defined]
        try:
            with end, _undisturbed():
                self.process.start()
        except OSError:
            self.pipe.close()
            raise

    def ready(self) -> bool:
        """Wait until it takes work; tell whether it lives."""
        try:
            return bool(self.pipe.recv())
        except (EOFError, OSError):
            self.stop()
            return False

    def stop(self) -> None:
        """End it, if it has not ended."""
        self.process.kill()
        self.process.join()
        self.pipe.close()


def serve(pipe: connection.Connection, other: connection.Connection) -> None:
    """Do what comes through a pipe, until nothing can come any more: then whoever started us is gone.

    ``other`` is the other end, which we got with everything else; as long as we hold it the pipe never ends.
    """
    other.close()
    for number in signal.valid_signals():
        if signal.getsignal(number) is signal.default_int_handler:  # our parent leaves in good order, we just go
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches us all; our parent ends us
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_SETMASK, ())  # what waited since we were started, see _undisturbed
    with contextlib.suppress(EOFError, OSError):
        pipe.send(True)  # ready
        while True:
            pipe.send(attempt(*pipe.recv()))


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep whatever asks us to end waiting, here and in a process that is started meanwhile, until it heeds it itself."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
