"""What every command shares: its options, how it speaks and stops, and the files it takes in."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from gongkai.usage import CANNOT

if TYPE_CHECKING:
    from gongkai.collection.batch import Crew
    from gongkai.collection.ledger import Ledger
    from gongkai.collection.priors import PriorReports
    from gongkai.report import Report

OK, FOUND = 0, 1
"""Exit codes: nothing to do; something is wrong or left out. With ``CANNOT`` the command could not do its work."""


class Format(StrEnum):
    """How a result is printed."""

    text = "text"
    json = "json"


PATHS = typer.Argument(metavar="路径…", help="工作簿，或装有工作簿的文件夹（逐层查找）。")
PriorOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--prior", metavar="路径", help="上年度的报表、汇总表（.xlsx 或 .json）或文件夹，用于跨年核对；可重复。"
    ),
]
FormatOption = Annotated[Format, typer.Option("--format", help="输出格式：text 给人看，json 给程序用。")]
EditionOption = Annotated[str | None, typer.Option("--edition", metavar="版本", help="统计表版本，如 2021。")]
JobsOption = Annotated[
    int | None,
    typer.Option("--jobs", metavar="个数", min=1, help="同时用几个进程读取；默认按处理器个数，文件少时用一个。"),
]


def say(text: str) -> None:
    """Say something that is not the result."""
    from gongkai.wording import one_line

    typer.echo(one_line(text), err=True)


def stop(text: str) -> NoReturn:
    """Say why the command cannot do its work, and end."""
    say(text)
    raise typer.Exit(CANNOT)


def write(path: Path, data: bytes) -> None:
    """Write a file; raises ``OutputError``."""
    from gongkai import files

    files.write_whole(path, data)
    files.sweep(path)


def expect(output: Path, suffix: str, option: str = "-o") -> None:
    """Stop where an output is not called what it will be."""
    if output.suffix.lower() != suffix:
        stop(f"{option} 给的是 {output}，应是 {suffix} 文件。请改文件名。")


def take_in(
    ledger: Ledger,
    paths: Sequence[Path],
    priors: PriorReports | None,
    *,
    jobs: int | None = None,
    cluster: str | None = None,
    blank_as_zero: bool = False,
    leave_out: Sequence[Path] = (),
    in_order: bool = False,
) -> list[Path]:
    """Judge everything below ``paths`` into the ledger; return the paths that do not exist, stop when nothing is left.

    ``in_order`` sorts the files, so that it does not matter in which order they are named.
    """
    from gongkai.collection import intake
    from gongkai.files import collect
    from gongkai.messages import UNREADABLE

    files, missing = collect(paths, leave_out)
    for path in missing:
        say(f"{path}：{UNREADABLE['missing']}")
    if not files:
        if len(missing) < len(paths):
            there = "、".join(str(path) for path in paths if path not in missing)
            say(f"{there}：里面没有工作簿（.xlsx、.xlsm、.xls、.et）。请检查路径。")
        raise typer.Exit(CANNOT)
    count = len(files)
    ledger.enter(sorted(files.names) if in_order else files.names)
    del files  # before processes are forked, which would each have them too
    with _crew(count, jobs, cluster) as crew, _progress(count) as advance:
        intake.take_in(ledger, crew, priors, blank_as_zero=blank_as_zero, on_progress=advance)
    if priors and not priors.found:
        say("--prior 里没有这些单位上一年度的报表（按代码、名称和年度对应），没有作跨年核对。")
    return missing


def priors_in(paths: Sequence[Path]) -> PriorReports:
    """Return last year's reports below ``paths``, or stop."""
    from gongkai.collection.priors import PriorReports, last_reports
    from gongkai.files import collect
    from gongkai.messages import UNREADABLE
    from gongkai.reader import ReadError

    files, missing = collect(paths)
    if missing:
        stop(f"{missing[0]}：{UNREADABLE['missing']}")

    def reports() -> Iterator[Report]:
        for file in files:
            try:
                yield from last_reports(file)
            except ReadError as error:
                stop(f"上年数据 {file}：{error}")

    priors = PriorReports(reports())
    if not priors.count:
        stop("--prior 里没有可用的上年度报表。请检查路径。")
    return priors


@contextmanager
def _crew(files: int, jobs: int | None, cluster: str | None) -> Iterator[Crew | None]:
    """Yield who does the work: a cluster, processes, or nobody but ourselves where that is faster."""
    from gongkai.collection import batch, intake

    if cluster:
        from gongkai.collection.cluster import ClusterError, Dask

        try:
            crew: Crew = Dask(cluster)
        except ClusterError as error:
            stop(str(error))
    else:
        size = min(jobs or (batch.processors() if files >= intake.WORTH_IT else 1), -(-files // batch.CHUNK))
        if size == 1:
            yield None
            return
        crew = batch.Processes(size)
    try:
        yield crew
    finally:
        crew.close()


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], object]]:
    """Yield what is to be told how many files are done; it shows a bar where somebody can see it."""
    from gongkai.collection import intake

    if total < intake.WORTH_IT or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("读取"), BarColumn(), MofNCompleteColumn(), TextColumn("份，剩余"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda done: bar.update(task, completed=done)
