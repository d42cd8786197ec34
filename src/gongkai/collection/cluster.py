"""A crew of other computers: a Dask cluster whose nodes see the files under the same paths as we do.

A cluster is somebody else's machinery, so before it gets work it must prove that it judges as we do; and when it goes
away in the middle, what is left to do is done on this computer, by processes: what killed a node would kill us.
"""

from __future__ import annotations

import logging
import os
import sys
from asyncio import CancelledError
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from gongkai import __version__
from gongkai.collection.batch import Processes, Task, Work, attempt, processors
from gongkai.edition import editions

IN_FLIGHT = 3
"""Tasks per thread of the cluster that are handed out at once: the next ones wait at the node, not at us."""
_CONNECT, _APPEAR = 5.0, 10.0
"""Seconds to find the scheduler, twice, and for its nodes to appear."""


class ClusterError(Exception):
    """A cluster that cannot be used; the text says, in Chinese, why and what to do."""


def identity() -> tuple[str, ...]:
    """Return what two computers must have in common to come to the same results: program and forms."""
    return (__version__, *(f"{name}:{edition.digest}" for name, edition in editions().items()))


_Job = tuple[Work[Any], Task]


class Dask:
    """The workers of a Dask cluster."""

    def __init__(self, address: str, say: Callable[[str], object] | None = None, patience: float = 15.0) -> None:
        """Connect; ``say`` hears, in Chinese, when the cluster is no use any more.

        That is when it has no worker for ``patience`` seconds.
        """
        try:
            distributed = import_module("distributed")  # optional, slow to import, and without types
        except ImportError as error:
            raise ClusterError(
                '没有安装集群组件，不能使用 --cluster。请运行 pip install "gongkai[cluster]"，或去掉 --cluster 在本机汇总。'
            ) from error
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # English, and we say it ourselves
        self._client = self._connected(distributed, address)
        self._address, self._say, self._patience, self._killed = (
            address,
            say or _say,
            patience,
            distributed.KilledWorker,
        )
        try:
            self._check()
        except ClusterError:
            self._client.close()
            raise
        self._size: int = sum(self._client.nthreads().values())
        self._running: dict[Any, _Job] = {}
        """Dask's futures. Not those of its executor: they never end when a worker dies with the result in its hands."""
        self._ended: SimpleQueue[Any] = SimpleQueue()
        self._suspects: deque[_Job] = deque()
        """What was at a worker that died, or waited there."""
        self._alone = False
        """Whether a suspect is being tried, with nothing beside it."""
        self._left: deque[_Job] = deque()
        self._here: Processes | None = None
        self._seen = False

    @staticmethod
    def _connected(distributed: Any, address: str) -> Any:  # noqa: ANN401 - it has no types
        for _ in range(2):  # a first attempt fails at times although the scheduler is there
            with suppress(Exception):  # in a dozen ways
                return distributed.Client(address, timeout=_CONNECT, set_as_default=False)
        raise ClusterError(
            f"连不上集群 {address}。请检查地址（如 tcp://主机:8786）和网络，并确认调度程序（dask scheduler）已启动。"
        )

    def _check(self) -> None:
        with suppress(TimeoutError):  # they may just be starting
            self._client.wait_for_workers(1, timeout=_APPEAR)
        answers = self._client.run(identity, on_error="return")
        if not answers:
            raise ClusterError(f"集群 {self._address} 上没有工作节点。请先在各节点运行 dask worker {self._address}。")
        for worker, answer in answers.items():
            if answer != identity() and not isinstance(answer, OSError):  # it is just going
                theirs = f" {answer[0]} 版" if isinstance(answer, tuple) and answer[0] != __version__ else ""
                raise ClusterError(
                    f"集群节点 {worker} 的 gongkai{theirs}与本机的 {__version__} 版不一致或没有安装，结果可能不同。"
                    "请在各节点安装与本机相同的 gongkai，再启动集群。"
                )

    @property
    def free(self) -> bool:
        """Whether the cluster takes another task; suspects are tried first."""
        if self._here:
            return not self._left and self._here.free
        return not self._suspects and not self._alone and len(self._running) < self._size * IN_FLIGHT

    @property
    def busy(self) -> bool:
        """Whether a task is not done."""
        return bool(self._running or self._suspects or self._left or (self._here and self._here.busy))

    def hand_out(self, work: Work[Any], task: Task) -> None:
        """Send a task to the cluster; the first one not without asking whether its files can be seen from there."""
        if not self._seen and not self._here:
            self._seen = True
            file = os.path.abspath(task[0][1])  # noqa: PTH100 - a name as it is, without following links
            if not self._sees(file):
                self._leave(f"集群的节点读不到 {file}（各节点须能以同样的路径读到文件）")
        if self._here:
            self._here.hand_out(work, task)
        else:
            self._send((work, task))

    def done(self) -> tuple[Task, Sequence[Any] | None]:
        """Wait for a task; it is lost when it killed its workers with nothing beside it.

        When a worker dies Dask suspects everything it had been given, which is mostly innocent.
        """
        absent = 0
        while not self._here:
            if not self._running:
                self._alone = True
                self._send(self._suspects.popleft())
            future = None
            try:
                future = self._ended.get(timeout=self._patience / 2)
                results = future.result(self._patience / 2)
            except (Empty, TimeoutError):  # a worker may die before we have its result; then it is done again
                if future:
                    self._ended.put(future)
                absent = 0 if self._alive() else absent + 1
                if absent > 1:
                    self._leave(f"集群 {self._address} 上没有工作节点了")
            except self._killed:
                job = self._running.pop(future)
                if self._alone:
                    self._alone = False
                    return job[1], None
                self._suspects.append(job)
            except (Exception, CancelledError):  # neither our work nor a worker: the cluster
                logging.getLogger(__name__).debug("%s failed", self._address, exc_info=True)
                self._leave(f"集群 {self._address} 中断了")
            else:
                self._alone = False
                return self._running.pop(future)[1], results
        while self._left and self._here.free:
            self._here.hand_out(*self._left.popleft())
        return self._here.done()

    def close(self) -> None:
        """Take back what is not done: without us nobody wants it, so the scheduler forgets it."""
        if self._here:
            self._here.close()
        self._client.close(timeout=_CONNECT)

    def _alive(self) -> bool:
        try:
            return bool(self._client.status == "running" and self._client.nthreads())
        except Exception:  # noqa: BLE001 - whatever it is, nobody is there
            return False

    def _sees(self, file: str) -> bool:
        try:
            return all(answer is True for answer in self._client.run(os.path.exists, file, on_error="return").values())
        except Exception:  # noqa: BLE001 - as above
            return False

    def _leave(self, why: str) -> None:
        self._say(f"{why}。其余文件改在本机读取，结果相同，只是慢一些。")
        self._here = Processes(processors())
        self._left.extend([*self._running.values(), *self._suspects])
        self._running.clear()
        self._suspects.clear()

    def _send(self, job: _Job) -> None:
        work, task = job
        future = self._client.submit(_there, work, str(Path.cwd()), task, pure=False)
        self._running[future] = job
        future.add_done_callback(self._ended.put)


def _there(work: Work[Any], folder: str, task: Task) -> Sequence[Any] | None:
    """Do a task on a node: its paths are those of our folder, and its results bear the names we know."""
    results = attempt(work, tuple((number, os.path.join(folder, file)) for number, file in task))  # noqa: PTH118
    return results and [replace(result, file=file) for result, (_, file) in zip(results, task, strict=True)]


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
