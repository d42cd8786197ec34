"""The commands of an office that collects reports: merge, and its roster."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gongkai.console import (
    FOUND,
    OK,
    PATHS,
    Format,
    FormatOption,
    JobsOption,
    PriorOption,
    expect,
    priors_in,
    say,
    stop,
    take_in,
    write,
)
from gongkai.usage import CANNOT, ChineseCommand, ChineseGroup

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gongkai.collection.ledger import Ledger
    from gongkai.collection.priors import PriorReports
    from gongkai.collection.roster import Roster
    from gongkai.edition import Edition
    from gongkai.macros import Macros
    from gongkai.merge import Preference, Summary

roster_app = typer.Typer(name="roster", cls=ChineseGroup, no_args_is_help=True, help="报送单位名册。")


@roster_app.command("template", cls=ChineseCommand)
def roster_template(
    output: Annotated[Path, typer.Option("-o", "--output", metavar="名册.xlsx", help="写到哪里。")] = Path("名册.xlsx"),
) -> None:
    """生成空白的报送单位名册（.xlsx），带填写提示和下拉列表。"""
    from gongkai.collection import roster_form

    expect(output, ".xlsx")
    write(output, roster_form.workbook())
    typer.echo(f"已生成 {output}")


def merge(
    paths: Annotated[list[Path], PATHS],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="汇总.xlsx", help="汇总表写到哪里；旁边另写同名 .json。")
    ],
    region: Annotated[str, typer.Option("--region", metavar="名称", help="汇总单位或地区的名称。")] = "汇总",
    year: Annotated[int | None, typer.Option("--year", metavar="年度", help="只汇总这一年度的报表。")] = None,
    roster: Annotated[
        Path | None,
        typer.Option("--roster", metavar="名册", help="报送单位名册（.xlsx、.csv），据此查缺报、重报和不明单位。"),
    ] = None,
    prior: PriorOption = None,
    prefer: Annotated[
        list[str] | None,
        typer.Option(
            "--prefer",
            metavar="first|latest|文件",
            help="同一单位交了几份时用哪份：latest 最新（默认），first 最早，或指定的文件；可重复。",
        ),
    ] = None,
    returns: Annotated[
        Path | None,
        typer.Option("-d", "--directory", metavar="退回目录", help="为每个未通过的单位写一份退回单和标注后的副本。"),
    ] = None,
    details: Annotated[
        Path | None,
        typer.Option("--details", metavar="明细.csv", help="把各单位明细另存为 .csv 或 .parquet，供数据库等使用。"),
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option("--html", metavar="概览.html", help="另写一个概览网页：图表和可搜索的单位表，不联网也能看。"),
    ] = None,
    zero: Annotated[
        bool, typer.Option("--blank-as-zero", help="声明：空白格一律按 0 计（默认不计，按未填处理）。")
    ] = False,
    jobs: JobsOption = None,
    cluster: Annotated[
        str | None,
        typer.Option("--cluster", metavar="tcp://…", help="在 Dask 集群上读取（各节点须能以同样的路径读到文件）。"),
    ] = None,
    form: FormatOption = Format.text,
) -> None:
    """把各单位的工作簿汇总成一张表；有错误的单位不计入，缺报的单位列名，并说明原因（退出码 1）。"""
    from gongkai import merge as merging
    from gongkai.collection.ledger import Ledger
    from gongkai.edition import EditionError
    from gongkai.files import outside

    outputs = _Outputs(output, details, page)
    outputs.check(paths, [path for path in (roster, *(prior or ())) if path], returns)
    known, preference = _roster(roster) if roster else None, _preference(prefer or [])
    priors = priors_in(prior) if prior else None
    leave_out = [*outputs.files, *outside(returns, paths), *([roster] if roster else [])]
    start = time.monotonic()
    with Ledger() as ledger:
        missing = take_in(
            ledger, paths, priors, jobs=jobs, cluster=cluster, blank_as_zero=zero, leave_out=leave_out, in_order=True
        )  # fmt: skip
        try:
            result = merging.merge(ledger, region, year, known, preference, priors)
        except (merging.MergeError, EditionError) as error:
            _say_unreadable(ledger)
            stop(str(error))
        counted = ledger.count(counted=True)
        if counted:
            outputs.write(result)
        if returns:
            _write_returns(result, returns)
        _show(result, output if counted else None, form, time.monotonic() - start)
        wanting = ledger.count(counted=False) or result.missing or not counted
    if missing:
        raise typer.Exit(CANNOT)
    raise typer.Exit(FOUND if wanting else OK)


@dataclass(frozen=True, slots=True)
class _Outputs:
    """What a merge writes beside its letters; all of it speaks of the same run."""

    book: Path
    details: Path | None
    page: Path | None

    @property
    def json(self) -> Path:
        return self.book.with_suffix(".json")

    @property
    def files(self) -> list[Path]:
        return [path for path in (self.json, self.page, self.details, self.book) if path]

    def check(self, paths: Sequence[Path], known: Sequence[Path], returns: Path | None) -> None:
        """Stop where something cannot be written, or is one of the files we read, before any work is done."""
        from gongkai.files import check_writable
        from gongkai.outputs.details import DetailsError, writer_of

        expect(self.book, ".xlsx")
        if self.page and self.page.suffix.lower() not in (".html", ".htm"):
            stop(f"--html 给的是 {self.page}，应是 .html 文件。请改文件名。")
        try:
            if self.details:
                writer_of(self.details.suffix.lower())
        except DetailsError as error:
            stop(str(error))
        if len({path.resolve() for path in self.files}) < len(self.files):
            stop("-o、--details、--html 不能写到同一个文件。请改文件名。")
        for path in self.files:
            check_writable(path)
        named = {path.resolve() for path in paths}
        if inputs := [path for path in self.files if path.resolve() in named]:
            stop(f"{inputs[0]} 是要汇总的文件之一，不能覆盖。请换一个文件名。")
        named = {path.resolve() for path in known}
        if inputs := [path for path in self.files if path.resolve() in named]:
            stop(f"{inputs[0]} 是名册或上年数据，不能覆盖。请换一个文件名。")
        if returns and (returns.is_file() or returns.resolve() in {path.resolve() for path in self.files}):
            stop(f"-d 给的 {returns} 是文件，应是文件夹。请换一个名称。")
        self._spare_reports(paths)

    def _spare_reports(self, paths: Sequence[Path]) -> None:
        """Stop where a workbook somebody handed in would be written over; an earlier summary may be."""
        from gongkai.reader import ReadError
        from gongkai.submission import load

        folders = set(self.book.resolve().parents)
        if not self.book.exists() or folders.isdisjoint(path.resolve() for path in paths):
            return
        try:
            reading = load(self.book)
            ours = bool(reading.members or reading.details)
        except ReadError:
            ours = False
        if not ours:
            stop(f"-o 给的 {self.book} 是要汇总的文件之一，不能覆盖。请换一个文件名。")

    def write(self, result: Summary) -> None:
        """Write everything aside, then put it in place, so that no file speaks of another run than the next."""
        from gongkai.files import blaming, replacing, sweep

        writers = self._writers(result)  # whoever ends us while something is imported need not find files left behind
        paths = self.files[::-1]  # the longest first
        with replacing(*paths) as asides:
            for path, aside in zip(paths, asides, strict=True):
                with blaming(path):
                    writers[path](aside)
        for path in paths:
            sweep(path)

    def _writers(self, result: Summary) -> dict[Path, Callable[[Path], object]]:
        from gongkai import reporters, summary
        from gongkai.outputs.details import writer_of
        from gongkai.outputs.webpage import write_page

        def write_numbers(aside: Path) -> None:
            with aside.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
                file.writelines(reporters.merge_json(result))
                file.write("\n")

        def write_html(aside: Path) -> None:
            with aside.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
                write_page(result, file)

        writers: dict[Path, Callable[[Path], object]] = {
            self.book: partial(summary.write_workbook, result), self.json: write_numbers,
        }  # fmt: skip
        if self.details:
            writers[self.details] = partial(writer_of(self.details.suffix.lower()), result)
        if self.page:
            writers[self.page] = write_html
        return writers


def hand_out(
    roster: Path, edition: Edition, year: int, priors: PriorReports | None, project: Macros | None, folder: Path
) -> int:
    """Write the template of each unit of a roster into a folder, and return how many; or stop."""
    from gongkai.collection.handout import handouts
    from gongkai.filenames import safe_name
    from gongkai.files import sweep, write_whole

    taken: set[str] = set()
    for entry, data in handouts(_roster(roster), edition, year, priors, project):
        stem = safe_name(f"{entry.code} {entry.name}" if entry.code else entry.name)
        name = stem if stem.casefold() not in taken else f"{stem}（第 {entry.row} 行）"
        taken.add(name.casefold())
        target = folder / f"{name}{'.xlsm' if project else '.xlsx'}"
        write_whole(target, data)
    if taken:
        sweep(target)
    return len(taken)


def _roster(path: Path) -> Roster:
    from gongkai.collection.roster import RosterError, read

    try:
        return read(path)
    except RosterError as error:
        stop(str(error))


def _preference(wishes: Sequence[str]) -> Preference:
    from gongkai.merge import Preference

    files = [Path(wish) for wish in wishes if wish not in ("first", "latest")]
    orders = [wish for wish in wishes if wish in ("first", "latest")]
    if unknown := [file for file in files if not file.is_file()]:
        stop(f"--prefer 给的 {unknown[0]} 不是文件。应是 first、latest，或要采用的那份文件的路径。")
    if len(orders) > 1:
        stop("--prefer 的 first 和 latest 只能给一个。")
    return Preference(orders[0] if orders else "latest", frozenset(file.resolve() for file in files))


def _say_unreadable(ledger: Ledger) -> None:
    for _, submission, _ in ledger.submissions():
        if submission.error is not None:
            say(f"{submission.file}：{submission.error}")


def _write_returns(result: Summary, folder: Path) -> None:
    from gongkai.files import EARLIER
    from gongkai.outputs.letters import send_back_with_letters

    count, earlier = send_back_with_letters(result, folder)
    say(f"退回单 {count} 份，在 {folder}" if count else "没有需要退回的单位。")
    if earlier:
        say(f"上次写的、这次不再需要的 {earlier} 个文件移到了 {folder / EARLIER}")


def _show(result: Summary, output: Path | None, form: Format, seconds: float) -> None:
    from gongkai import reporters

    if form is Format.json:
        for piece in reporters.merge_json(result):
            typer.echo(piece, nl=False)
        typer.echo()
    else:
        typer.echo(reporters.merge_text(result, output, seconds))
