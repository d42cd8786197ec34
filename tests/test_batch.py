"""Thousands of files: each is accounted for exactly once, whatever dies, fills up or is taken away meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from multiprocessing import Pipe, active_children
from pathlib import Path

import pytest

import poison
from gongkai.collection import batch

METHODS = ("fork", "spawn") if sys.platform == "linux" else ("spawn",)
CREWS = [
    pytest.param(batch.Here, id="here"),
    *(pytest.param(partial(batch.Processes, 2, method), id=method) for method in METHODS),
]


@pytest.fixture(params=CREWS)
def crew(request):
    hired = request.param()
    yield hired
    hired.close()
    assert active_children() == []


@pytest.fixture(params=METHODS)
def processes(request):
    hired = batch.Processes(2, request.param)
    yield hired
    hired.close()
    assert active_children() == []


def run(crew, work, files, size=4):
    """Return what each file came to, in the order of the files; the test fails where one came twice."""
    numbered = [tuple(chunk) for chunk in chunks(list(enumerate(files)), size)]
    found = list(batch.each_chunk(numbered, work, crew, lambda path: f"{path} 放弃"))
    assert sorted(number for number, _ in found) == list(range(len(files)))
    return [result for _, result in sorted(found)]


def chunks(things, size):
    return [things[start : start + size] for start in range(0, len(things), size)]


# --- every file once


@pytest.mark.parametrize("size", [1, 4, 100])
def test_every_file_has_its_own_result(crew, size):
    files = [f"{number}.xlsx" for number in range(30)]
    assert run(crew, poison.names, files, size) == files


def test_no_files_are_no_results(crew):
    assert run(crew, poison.names, []) == []


def test_a_worker_that_dies_loses_no_file(processes, tmp_path):
    files = [f"{number}{'险' if number in (2, 9, 19) else ''}.xlsx" for number in range(20)]
    assert run(processes, partial(poison.once, folder=tmp_path), files) == files


@pytest.mark.parametrize("how", ["kill", "exit", "raise"])
def test_a_deadly_file_is_named_and_all_others_are_done(processes, how):
    files = [f"{number}{'毒' if number in (0, 5, 6, 19) else ''}.xlsx" for number in range(20)]
    expected = [f"{name} 放弃" if "毒" in name else name for name in files]
    assert run(processes, partial(poison.deadly, how=how), files) == expected


def test_a_file_that_only_fails_is_named_without_processes_too():
    files = ["一.xlsx", "毒.xlsx", "三.xlsx"]
    assert run(batch.Here(), partial(poison.deadly, how="raise"), files) == ["一.xlsx", "毒.xlsx 放弃", "三.xlsx"]


def test_only_so_much_is_handed_out_at_once(processes):
    handed = []

    def tasks():
        for number in range(100):
            handed.append(number)
            yield [(number, f"{number}.xlsx")]

    results = batch.each_chunk(tasks(), poison.names, processes, str)
    for done, _ in enumerate(results, 1):
        assert len(handed) <= min(done + 2, 100)
    assert done == 100


# --- processes that do not start, and processes that are left behind


def test_where_no_process_can_be_started_we_work_ourselves(monkeypatch):
    def refuse(_):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("multiprocessing.process.BaseProcess.start", refuse)
    crew = batch.Processes(3)
    assert run(crew, poison.names, ["一", "二", "三"], 1) == ["一", "二", "三"]
    crew.close()


@pytest.mark.skipif("fork" not in METHODS, reason="only a fork can be made to die at once")
def test_where_every_process_dies_at_once_we_work_ourselves(monkeypatch):
    monkeypatch.setattr(batch, "serve", lambda *_: os._exit(1))
    crew = batch.Processes(2, "fork")
    assert run(crew, poison.names, ["一", "二", "三"], 1) == ["一", "二", "三"]
    crew.close()


@pytest.mark.parametrize("how", ["kill", "exit"])
def test_what_killed_the_last_process_is_never_done_by_ourselves(monkeypatch, how):
    crew = batch.Processes(1)
    monkeypatch.setattr(crew, "_start", lambda: None)
    files = ["一", "二毒", "三", "四", "五", "六"]
    assert run(crew, partial(poison.deadly, how=how), files, 3) == ["一 放弃", "二毒 放弃", "三 放弃", "四", "五", "六"]
    crew.close()


def test_closing_ends_processes_in_the_middle_of_their_work(processes, tmp_path):
    for name in ("一", "二"):
        processes.hand_out(poison.sleepy, ((0, str(tmp_path / name)),))
    wait_for(lambda: len(list(tmp_path.iterdir())) == 2)
    start = time.monotonic()
    processes.close()
    assert time.monotonic() - start < 5
    assert not processes.busy
    assert active_children() == []


ORPHANS = """
import os, sys, time
from gongkai.collection import batch
if __name__ == "__main__":
    crew = batch.Processes(2, sys.argv[1])
    print(*(worker.process.pid for worker in crew._workers), flush=True)
    time.sleep(300)
"""


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
@pytest.mark.parametrize("method", METHODS)
def test_processes_end_when_their_parent_is_killed(tmp_path, method):
    script = tmp_path / "parent.py"
    script.write_text(ORPHANS, "utf-8")
    with subprocess.Popen([sys.executable, script, method], stdout=subprocess.PIPE, text=True) as parent:
        pids = parent.stdout.readline().split()
        assert len(pids) == 2
        assert all(alive(pid) for pid in pids)
        parent.kill()
    wait_for(lambda: not any(alive(pid) for pid in pids))


def alive(pid):
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_what_a_process_does():
    ours, theirs = Pipe()
    answers = []
    reader = threading.Thread(target=lambda: answers.extend([*(ours.recv() for _ in range(3)), ours.close()]))
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    ours.send((poison.names, ((1, "一.xlsx"),)))
    ours.send((partial(poison.deadly, how="raise"), ((1, "毒.xlsx"),)))
    reader.start()
    try:
        batch.serve(theirs, Pipe()[0])
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    reader.join()
    assert answers == [True, ["一.xlsx"], None, None]
