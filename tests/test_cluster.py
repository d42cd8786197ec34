"""A Dask cluster: the same bytes as one process, whoever dies; and one sentence when it cannot be used."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest

import poison
from benchmarks import population
from gongkai import reporters
from gongkai.collection import batch, cluster, intake
from gongkai.collection.cluster import ClusterError, Dask
from gongkai.collection.ledger import Ledger
from gongkai.files import collect
from gongkai.merge import merge
from gongkai.messages import UNREADABLE
from gongkai.submission import Submission
from test_batch import wait_for
from test_cli import Result

distributed = pytest.importorskip("distributed")
dask_config = pytest.importorskip("dask.config")
psutil = pytest.importorskip("psutil")  # comes with it

pytestmark = pytest.mark.filterwarnings("ignore")  # what tornado and Dask say of sockets they close late
PATIENCE = 120
"""Seconds to wait for a node: on a busy computer it takes long to start another in place of one that was killed."""


NODE = """
import os, subprocess, sys
parent = os.getppid()
worker = ["distributed.cli.dask_worker", "--no-nanny", "--nthreads", "1", "--no-dashboard", "--death-timeout", "60"]
while os.getppid() == parent:
    subprocess.run([sys.executable, "-m", *worker, sys.argv[1]])
"""
"""A node that is started again whenever it dies. Dask's own nanny gives up on one that dies while it starts."""


@contextmanager
def cluster_of(size):
    with dask_config.set({"distributed.scheduler.allowed-failures": 0}):
        local = distributed.LocalCluster(n_workers=0, dashboard_address=None, scheduler_port=0, silence_logs=50)
    command = [sys.executable, "-c", NODE, local.scheduler_address]
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    nodes = [subprocess.Popen(command, env=poison.environment(), start_new_session=True, **silent) for _ in range(size)]
    try:
        if size:
            local.wait_for_workers(size, timeout=PATIENCE)
        local.nodes = nodes
        yield local
    finally:
        for node in nodes:
            os.killpg(node.pid, signal.SIGKILL)
            node.wait()
        local.close()


@pytest.fixture(scope="module")
def running():
    """Two nodes of one thread."""
    with cluster_of(2) as local:
        yield local


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Nobody gives up on the scheduler, which is a thread of this process and waits for its turn."""
    monkeypatch.setattr(cluster, "_CONNECT", PATIENCE)


@pytest.fixture
def said():
    return []


@pytest.fixture
def dask(running, said):
    running.wait_for_workers(2, timeout=PATIENCE)  # the test before may have killed them
    crew = Dask(running.scheduler_address, said.append, patience=PATIENCE)
    yield crew
    crew.close()


@pytest.fixture(scope="module")
def region(tmp_path_factory):
    folder = tmp_path_factory.mktemp("region") / "报送"
    population.write(folder, 100)
    return folder


def kill_a_worker(local):
    """Kill the worker that runs longest: the others may still be starting."""
    local.wait_for_workers(1, timeout=PATIENCE)
    workers = [worker for node in local.nodes for worker in psutil.Process(node.pid).children()]
    min(workers, key=psutil.Process.create_time).kill()


def document(folder, crew, on_progress=lambda _: None):
    with Ledger() as ledger:
        ledger.enter(collect([folder])[0])
        intake.take_in(ledger, crew, on_progress=on_progress)
        return "".join(reporters.merge_json(merge(ledger, "某区")))


@pytest.fixture(scope="module")
def alone(region):
    return document(region, None)


# --- the same bytes


@pytest.mark.parametrize("kills", [1, 3])
def test_workers_killed_midway_change_no_byte(running, dask, said, region, alone, monkeypatch, kills):
    monkeypatch.setattr(intake, "CHUNK", 8)
    moments = range(16, 16 + 24 * kills, 24)
    assert document(region, dask, lambda done: kill_a_worker(running) if done in moments else None) == alone
    assert said == []


def test_paths_are_those_of_our_folder(dask, region, monkeypatch):
    monkeypatch.chdir(region.parent)
    assert document(Path("报送"), dask) == document(Path("报送"), None)


def errors_of(crew, names, how):
    """Return what each file came to; none of them exists."""
    crew._seen = True
    files = list(enumerate(names))
    tasks = [files[start : start + 4] for start in range(0, len(files), 4)]
    found = batch.each_chunk(tasks, partial(poison.judged, how=how), crew, lambda file: Submission(file, error="放弃"))
    results = {number: (each.file, each.error) for number, each in found}
    assert sorted(results) == list(range(len(names)))
    return [results[number] for number in sorted(results)]


@pytest.mark.parametrize("how", ["kill", "raise"])
def test_a_deadly_file_is_named_and_all_others_are_judged(dask, said, how):
    names = [f"{number}{'毒' if number == 5 else ''}.xlsx" for number in range(12)]
    expected = [(name, "放弃" if "毒" in name else UNREADABLE["unreadable"]) for name in names]
    assert errors_of(dask, names, how) == expected
    assert said == []


def test_a_cluster_that_goes_away_is_said_and_the_rest_is_done_here(region, alone, monkeypatch):
    monkeypatch.setattr(intake, "CHUNK", 8)
    said = []
    with cluster_of(1) as local, closing(Dask(local.scheduler_address, said.append, patience=1)) as crew:
        assert document(region, crew, lambda done: local.close() if done == 8 else None) == alone
    assert len(said) == 1
    assert said[0].startswith(f"集群 {local.scheduler_address} ") or said[0].startswith("集群 tcp://127.0.0.1:")
    assert said[0].endswith("。其余文件改在本机读取，结果相同，只是慢一些。")


def test_a_deadly_file_does_not_kill_us_when_the_cluster_goes_away(running, said):
    names = [f"{number}{'毒' if number == 5 else ''}.xlsx" for number in range(12)]
    expected = [(name, "放弃" if "毒" in name else UNREADABLE["unreadable"]) for name in names]
    with closing(Dask(running.scheduler_address, said.append)) as crew:
        crew._leave("集群走了")
        assert errors_of(crew, names, "kill") == expected
    assert said == ["集群走了。其余文件改在本机读取，结果相同，只是慢一些。"]


def test_files_that_the_nodes_do_not_see_are_read_here(dask, said, region, alone, monkeypatch):
    monkeypatch.setattr(cluster.os.path, "abspath", lambda file: f"/别处{file}")
    assert document(region, dask) == alone
    first = min(region.rglob("*.xlsx"))
    assert said == [
        f"集群的节点读不到 /别处{first}（各节点须能以同样的路径读到文件）。其余文件改在本机读取，结果相同，只是慢一些。"
    ]


def test_the_command_reads_on_a_cluster(running, region, tmp_path):
    one, two = (tmp_path / name / "汇总.xlsx" for name in ("本机", "集群"))
    assert Result("merge", region, "-o", one).code == 1
    result = Result("merge", region, "-o", two, "--cluster", running.scheduler_address)
    assert (result.code, result.err) == (1, "")
    assert two.with_suffix(".json").read_bytes() == one.with_suffix(".json").read_bytes()


# --- clusters that cannot be used


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "集群", "tcp://"])
def test_a_cluster_that_is_not_there_is_one_sentence(tmp_path, region, monkeypatch, address):
    monkeypatch.setattr(cluster, "_CONNECT", 1)
    result = Result("merge", region, "-o", tmp_path / "汇总.xlsx", "--cluster", address)
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        f"连不上集群 {address}。请检查地址（如 tcp://主机:8786）和网络，并确认调度程序（dask scheduler）已启动。\n"
    )


def test_without_dask_it_is_said_what_to_do(monkeypatch):
    def lacking(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(cluster, "import_module", lacking)
    with pytest.raises(ClusterError) as refused:
        Dask("tcp://127.0.0.1:1")
    assert str(refused.value) == (
        '没有安装集群组件，不能使用 --cluster。请运行 pip install "gongkai[cluster]"，或去掉 --cluster 在本机汇总。'
    )


def test_another_version_is_not_used(dask, monkeypatch):
    monkeypatch.setattr(cluster, "__version__", "9.9.9")
    with pytest.raises(ClusterError) as refused:
        dask._check()
    assert "的 gongkai 0.1.0 版与本机的 9.9.9 版不一致或没有安装" in str(refused.value)


def test_a_cluster_without_workers_is_not_used(monkeypatch):
    monkeypatch.setattr(cluster, "_APPEAR", 1)
    with cluster_of(0) as local, pytest.raises(ClusterError) as refused:
        Dask(local.scheduler_address)
    address = local.scheduler_address
    assert str(refused.value) == f"集群 {address} 上没有工作节点。请先在各节点运行 dask worker {address}。"


def test_closing_takes_back_what_is_not_done(running, dask, tmp_path):
    files = [(number, str(tmp_path / f"{number}.xlsx")) for number in range(4)]
    for file in files:
        dask._seen = True
        dask.hand_out(poison.sleepy, (file,))
    assert dask.busy
    dask.close()
    wait_for(lambda: not running.scheduler.tasks)
