"""How fast a region is merged, against the least that can be done and against the script people write today.

``python benchmarks/merge.py`` writes 2000 workbooks (2 % damaged) and merges them with one process and with two, each
the whole command with its summary workbook; in turns with these it unzips and parses the same files without looking at
them, and adds them up with pandas (on every tenth file, for it takes minutes: ``pip install pandas openpyxl``).
``--long`` goes on to 10,000 files, ``--longest`` to 30,000. It prints Markdown.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat

FILES = 2000
SAMPLE = 10
"""One file of so many is enough for pandas."""
_LOOK = 0.02
"""Seconds between two looks at the memory of a command."""


# --- what is compared, each in a process of its own


def floor(files: Iterable[Path]) -> None:
    """Unzip and parse every part of every workbook with no handlers: less cannot be done."""
    for file in files:
        try:
            with zipfile.ZipFile(file) as package:
                for name in package.namelist():
                    expat.ParserCreate().Parse(package.read(name), True)
        except zipfile.BadZipFile:
            pass


def with_pandas(files: Iterable[Path]) -> None:
    """Do what a script does: read every sheet of every file, put them on top of each other, save that."""
    import pandas as pd  # noqa: PLC0415 - what is measured includes it

    tables = []
    for file in files:
        try:
            for sheet, table in pd.read_excel(file, sheet_name=None, header=None).items():
                tables.append(table.assign(file=file.name, sheet=sheet))
        except (ValueError, KeyError, zipfile.BadZipFile):
            print(f"left out: {file.name}")
    with tempfile.TemporaryDirectory() as folder:
        pd.concat(tables).to_csv(Path(folder, "all.csv"))


# --- measuring


@dataclass(frozen=True, slots=True)
class Run:
    """What a command took."""

    seconds: float
    cpu: float
    """Of all its processes; on a computer shared with others it tells more than the clock."""
    own: float
    """Most memory of the command itself, in MB."""
    worker: float
    """Most memory of any process it started."""


def measure(command: Sequence[str | os.PathLike[str]]) -> Run:
    """Run a command and watch it."""
    start = time.perf_counter()
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors) as running,
    ):
        peaks: dict[str, float] = {}
        while True:
            pid, status, usage = os.wait4(running.pid, os.WNOHANG)
            if pid:
                break
            for one in (str(running.pid), *_children(running.pid)):
                peaks[one] = max(peaks.get(one, 0.0), _peak(one))
            time.sleep(_LOOK)
        seconds = time.perf_counter() - start
        running.returncode = os.waitstatus_to_exitcode(status)
        if running.returncode not in (0, 1):
            errors.seek(0)
            raise SystemExit(errors.read().decode())
    own = peaks.pop(str(running.pid), 0.0)
    return Run(seconds, usage.ru_utime + usage.ru_stime, own, max(peaks.values(), default=0.0))


def _children(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []


def _peak(pid: str) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def medians(runs: Sequence[Run]) -> Run:
    """Return the median of each figure; of memory the most."""
    return Run(
        statistics.median(run.seconds for run in runs), statistics.median(run.cpu for run in runs),
        max(run.own for run in runs), max(run.worker for run in runs),
    )  # fmt: skip


def merge_command(folder: Path, output: Path, jobs: int) -> list[str | os.PathLike[str]]:
    """Return the command that merges a folder."""
    return [sys.executable, "-m", "gongkai", "merge", folder, "-o", output / "汇总.xlsx", "--jobs", str(jobs)]


# --- the tables


def compare(folder: Path, output: Path, files: int, rounds: int) -> None:
    """Print how the kit compares."""
    this = [sys.executable, __file__]
    tasks: dict[str, tuple[list[str | os.PathLike[str]], int]] = {
        "gongkai merge, 1 process": (merge_command(folder, output, 1), 1),
        "gongkai merge, 2 processes": (merge_command(folder, output, 2), 1),
        "unzip + expat, no handlers (the floor)": ([*this, "--floor", folder], 1),
        "pandas.read_excel + concat": ([*this, "--pandas", folder], SAMPLE),
    }
    runs: dict[str, list[Run]] = {name: [] for name in tasks}
    for number in range(rounds):
        for name, (command, times) in tasks.items():
            if number and times > 1:
                continue  # once is enough for what takes minutes
            runs[name].append(measure(command))
            print(f"  {name}: {runs[name][-1].seconds:.1f} s", file=sys.stderr)
    found = {name: medians(some) for name, some in runs.items()}
    least = found["unzip + expat, no handlers (the floor)"]
    print(f"\n| {files} files | seconds | of the floor | CPU seconds | of the floor | MB | MB per worker |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, run in found.items():
        times = tasks[name][1]
        seconds, cpu = run.seconds * times, run.cpu * times
        shown = f"{name} (a {times}th of the files, times {times})" if times > 1 else name
        worker = f"{run.worker:.0f}" if run.worker else ""
        print(
            f"| {shown} | {seconds:.1f} | {seconds / least.seconds:.2f} | {cpu:.1f} | {cpu / least.cpu:.2f} "
            f"| {run.own:.0f} | {worker} |"
        )


def grow(sizes: Sequence[int], home: Path) -> None:
    """Print what a file costs in regions of several sizes."""
    print("\n| files, 2 processes | seconds | ms per file | CPU ms per file | MB | MB per worker |")
    print("|---:|---:|---:|---:|---:|---:|")
    for size in sizes:
        folder = _region(home, size)
        run = measure(merge_command(folder, home / f"out-{size}", 2))
        print(
            f"| {size} | {run.seconds:.1f} | {run.seconds / size * 1000:.2f} | {run.cpu / size * 1000:.2f} "
            f"| {run.own:.0f} | {run.worker:.0f} |",
            flush=True,
        )


def _region(home: Path, size: int) -> Path:
    """Return a folder with so many workbooks, written where it is not there yet."""
    from population import write  # noqa: PLC0415 - the contestants do without

    folder = home / str(size)
    if not folder.exists():
        write(folder, size)
    return folder


def machine() -> str:
    """Return what it was measured on, and how busy that is."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{python}, {os.cpu_count()} cores {model}, {platform.system()}; load {load}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=FILES)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--longest", action="store_true")
    parser.add_argument("--keep", type=Path, help="where the workbooks are kept for the next time")
    parser.add_argument("--floor", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--pandas", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.floor:
        floor(sorted(options.floor.rglob("*.xlsx")))
    elif options.pandas:
        with_pandas(sorted(options.pandas.rglob("*.xlsx"))[::SAMPLE])
    else:
        with tempfile.TemporaryDirectory(prefix="gongkai-") as temporary:
            home = options.keep or Path(temporary)
            print(machine())
            compare(_region(home, options.files), home / "out", options.files, options.rounds)
            more = [10_000] * (options.long or options.longest) + [30_000] * options.longest
            grow([300, options.files, *more], home)
            print(f"\n{machine()}")


if __name__ == "__main__":
    main()
