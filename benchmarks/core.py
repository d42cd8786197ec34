"""How fast the kit is, as ratios in one run: reading against its floor, the fast verdict, the commands.

Run ``python benchmarks/core.py``. Figures are medians of interleaved repetitions; what is timed runs in this process
except for the commands, which are whole processes.
"""

from __future__ import annotations

import io
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.parsers import expat

from openpyxl import load_workbook

import stub_excel
from gongkai import template
from gongkai.edition import by_name, resource
from gongkai.reader import read
from gongkai.report import Report, loads
from gongkai.validation import validate
from gongkai.verdict import is_clean, what_is_wrong
from xlwings_addin import button, excel

ROUNDS = 40
FAULTS = 20
EXAMPLE = "jianxi-2023.json"


def floor(data: bytes) -> None:
    """Unzip and parse every part of a workbook with no handlers: less cannot be done."""
    package = zipfile.ZipFile(io.BytesIO(data))
    for name in package.namelist():
        expat.ParserCreate().Parse(package.read(name), True)


def with_openpyxl(data: bytes) -> None:
    """Read a workbook as a script would: values and formulas need two loads."""
    load_workbook(io.BytesIO(data), data_only=True)
    load_workbook(io.BytesIO(data))


def medians(tasks: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median milliseconds of each task, run in turns."""
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for task in tasks.values():
        task()
    for _ in range(rounds):
        for name, task in tasks.items():
            start = time.perf_counter()
            task()
            times[name].append((time.perf_counter() - start) * 1000)
    return {name: statistics.median(found) for name, found in times.items()}


def command(*arguments: str) -> Callable[[], object]:
    """Return a task that runs ``gongkai`` as a process."""
    call = [sys.executable, "-m", "gongkai", *arguments]
    return lambda: subprocess.run(call, capture_output=True, check=True)


def with_faults(report: Report, count: int) -> Report:
    """Return the report with so many faults, each of them a finding of its own."""
    edition = by_name(report.edition)
    values = list(report.values)
    typed = [item.index for item in edition.items if not item.derived]
    for number, index in enumerate(typed[::2][:count], 2):
        values[index] = f"{number}件"
    return replace(report, values=tuple(values))


def main() -> None:
    """Measure and print the table."""
    report: Report = loads((resource("examples") / EXAMPLE).read_bytes())
    edition = by_name(report.edition)
    data = template.fill(edition, report)
    print(
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}"
    )
    print(f"a filled workbook has {len(data)} bytes, a blank one {len(template.blank(edition))}\n")

    reading = medians({"floor": lambda: floor(data), "read": lambda: read(data)}, ROUNDS)
    slow = medians({"openpyxl": lambda: with_openpyxl(data)}, 5)
    verdicts = medians(
        {
            "fast": lambda: is_clean(edition, report),
            "jsonschema": lambda: list(what_is_wrong(edition, report)),
            "validate": lambda: validate(report, edition),
        },
        ROUNDS,
    )
    building = medians({"build": lambda: template.blank(edition)}, 5)
    faulty = template.fill(edition, with_faults(report, FAULTS))
    book = excel.ExcelBook(stub_excel.install(faulty))
    found = len(button.validate(book).findings)
    clicks = medians({"click": lambda: button.validate(book)}, ROUNDS)
    with tempfile.TemporaryDirectory() as folder:
        workbook = Path(folder, "workbook.xlsx")
        workbook.write_bytes(data)
        clicked = Path(folder, "clicked.xlsx")
        clicked.write_bytes(faulty)
        stub = [sys.executable, "-B", stub_excel.__file__, str(clicked)]
        python = [sys.executable, "-c", "pass"]
        commands = medians(
            {
                "python": lambda: subprocess.run(python, check=True),
                "help": command("--help"),
                "validate": command("validate", str(workbook)),
                "click": lambda: subprocess.run(stub, capture_output=True, check=True),
            },
            15,
        )
    rows = (
        ("unzip + expat, no handlers (the floor)", reading["floor"], 1.0),
        ("read a workbook into a report", reading["read"], reading["read"] / reading["floor"]),
        ("openpyxl, values and formulas", slow["openpyxl"], slow["openpyxl"] / reading["floor"]),
        ("fast verdict on a clean report", verdicts["fast"], 1.0),
        ("validate a clean report", verdicts["validate"], verdicts["validate"] / verdicts["fast"]),
        ("jsonschema with our keywords", verdicts["jsonschema"], verdicts["jsonschema"] / verdicts["fast"]),
        ("build a blank template", building["build"], 1.0),
        ("python -c pass", commands["python"], 1.0),
        ("gongkai --help", commands["help"], commands["help"] / commands["python"]),
        (f"a click, {found} findings, program running", clicks["click"], 1.0),
        (f"a click, {found} findings, new process", commands["click"], commands["click"] / commands["python"]),
        ("gongkai validate, one workbook", commands["validate"], commands["validate"] / commands["python"]),
    )
    print(f"{'':44}{'ms':>10}{'ratio':>8}")
    for name, milliseconds, ratio in rows:
        print(f"{name:44}{milliseconds:10.3f}{ratio:8.2f}")


if __name__ == "__main__":
    main()
