"""The command line: options in, exit code out. Each command imports its work when it runs, so that help is instant."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gongkai.addin import app as addin
from gongkai.console import FOUND, OK, Format, FormatOption, say, stop
from gongkai.usage import CANNOT, ChineseCommand, ChineseGroup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gongkai.submission import PriorReports, Submission

app = typer.Typer(
    name="gongkai",
    cls=ChineseGroup, no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
    help="政府信息公开工作年度报告：统计表模板、校验与汇总。", context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip


_PATHS = typer.Argument(metavar="路径…", help="工作簿，或装有工作簿的文件夹（逐层查找）。")
Paths = Annotated[list[Path], _PATHS]
PriorOption = Annotated[
    list[Path] | None,
    typer.Option("--prior", metavar="路径", help="上年度的报表、汇总表或文件夹，用于跨年核对；可重复。"),
]
EditionOption = Annotated[str | None, typer.Option("--edition", metavar="版本", help="统计表版本，如 2021。")]
ZeroOption = Annotated[bool, typer.Option("--blank-as-zero", help="声明：空白格一律按 0 计（默认不计，按未填处理）。")]


@app.command(cls=ChineseCommand)
def template(
    edition: EditionOption = None,
    year: Annotated[int | None, typer.Option("--year", metavar="年度", help="报告年度，据此选择版本。")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="文件", help="写到哪里。")] = None,
    macro: Annotated[
        bool, typer.Option("--macro", help="带“验证”按钮的 .xlsm（含宏；须在装有验证组件的 Windows 上使用）。")
    ] = False,
) -> None:
    """生成空白的官方填报模板：不含宏的 .xlsx，或带“验证”按钮的 .xlsm（--macro）。"""
    from gongkai import macros
    from gongkai import template as templates
    from gongkai.edition import EditionError, by_name, by_year, editions

    try:
        form = by_name(edition) if edition else by_year(year) if year else list(editions().values())[-1]
        if year is not None and year not in form.years:
            stop(f"{year} 年度不适用 {form.name} 年版统计表，应使用 {by_year(year).name} 年版。")
    except EditionError as error:
        stop(str(error))
    name, suffix = (macros.FILE_NAME, ".xlsm") if macro else (templates.FILE_NAME, ".xlsx")
    if output is not None:
        _expect(output, suffix)
    target = output or Path(name.format(edition=form.name))
    try:
        project = macros.shipped(form) if macro else None
    except OSError:
        stop(f"找不到随程序发布的 {macros.FILE_NAME.format(edition=form.name)}，无法取得宏。请重新安装 gongkai。")
    _write(target, templates.blank(form, year=year, project=project))
    typer.echo(f"已生成 {target}")


@app.command(cls=ChineseCommand)
def validate(
    paths: Annotated[list[Path] | None, _PATHS] = None,
    prior: PriorOption = None,
    form: FormatOption = Format.text,
    returns: Annotated[
        Path | None,
        typer.Option("-d", "--directory", metavar="退回目录", help="把有问题的工作簿标注后的副本写到这个目录。"),
    ] = None,
    active: Annotated[
        bool, typer.Option("--active", help="不读文件，验证 Excel 中正打开的工作簿并在其中标注（不需要宏）。")
    ] = False,
) -> None:
    """校验工作簿：逐条列出哪一格有问题、怎么改。没有问题时退出码为 0，有问题为 1，无法运行为 2。"""
    from gongkai import reporters
    from gongkai.validation import SETTLED

    if active:
        if paths or prior or returns:
            stop("--active 验证 Excel 中正打开的工作簿，不能与路径、--prior、-d 同时使用。")
        raise typer.Exit(_validate_active(form))
    if not paths:
        stop("请给出要验证的工作簿或文件夹；要验证 Excel 中正打开的工作簿，请加 --active。")
    submissions, missing = _judge(paths, prior, leave_out=_outside(returns, paths))
    if form is Format.json:
        typer.echo(reporters.as_json(reporters.validation_json(submissions)))
    elif submissions:
        typer.echo(reporters.validation_text(submissions))
    if returns is not None:
        from gongkai.files import OutputError
        from gongkai.returns import send_back

        try:
            written = send_back(submissions, returns)
        except OutputError as error:
            stop(str(error))
        say(f"标注后的副本 {len(written)} 份，在 {returns}" if written else "没有需要退回的工作簿。")
    unsettled = any(submission.status not in SETTLED for submission in submissions)
    raise typer.Exit(CANNOT if missing else FOUND if unsettled else OK)


@app.command(cls=ChineseCommand)
def merge(
    paths: Paths,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="汇总.xlsx", help="汇总表写到哪里；旁边另写同名 .json。")
    ],
    region: Annotated[str, typer.Option("--region", metavar="名称", help="汇总单位或地区的名称。")] = "汇总",
    year: Annotated[int | None, typer.Option("--year", metavar="年度", help="只汇总这一年度的报表。")] = None,
    prior: PriorOption = None,
    zero: ZeroOption = False,
    form: FormatOption = Format.text,
) -> None:
    """把各单位的工作簿汇总成一张表；有错误的单位不计入，并说明原因（退出码 1）。"""
    from gongkai import merge as merging
    from gongkai import reporters, summary
    from gongkai.edition import EditionError

    _expect(output, ".xlsx")
    beside = output.with_suffix(".json")
    _not_an_input(output, paths)
    submissions, missing = _judge(paths, prior, blank_as_zero=zero, leave_out=[output, beside])
    try:
        result = merging.merge(submissions, region, year)
    except (merging.MergeError, EditionError) as error:
        for submission in submissions:
            if submission.error is not None:
                say(f"{submission.file}：{submission.error}")
        stop(str(error))
    document = reporters.as_json(result.to_json())
    if result.included:
        _write(output, summary.workbook(result))
        _write(beside, (document + "\n").encode())
    if form is Format.json:
        typer.echo(document)
    else:
        typer.echo(reporters.merge_text(result, output if result.included else None))
    if missing:
        raise typer.Exit(CANNOT)
    raise typer.Exit(FOUND if result.excluded or not result.included else OK)


@app.command(cls=ChineseCommand)
def fill(
    source: Annotated[Path, typer.Argument(metavar="报告.json", help="报告 JSON。")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="工作簿.xlsx", help="写到哪里。")],
) -> None:
    """把报告 JSON 填入官方工作簿。"""
    from gongkai import template as templates
    from gongkai.edition import EditionError, by_name
    from gongkai.messages import UNREADABLE
    from gongkai.report import ReportError, loads

    try:
        report = loads(source.read_bytes())
    except (ReportError, EditionError) as error:
        stop(f"{source}：{error}")
    except OSError as error:
        stop(f"{source}：{UNREADABLE['missing' if isinstance(error, FileNotFoundError) else 'unreadable']}")
    _expect(output, ".xlsx")
    _write(output, templates.fill(by_name(report.edition), report))
    typer.echo(f"已生成 {output}")


@app.command(cls=ChineseCommand)
def extract(
    source: Annotated[Path, typer.Argument(metavar="工作簿.xlsx", help="填好的工作簿。")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="报告.json", help="写到哪里；不给则打印。")
    ] = None,
) -> None:
    """从工作簿读出报告 JSON，原样读出，不作任何换算。"""
    from gongkai.files import WORKBOOKS
    from gongkai.messages import UNREADABLE
    from gongkai.reader import ReadError, read
    from gongkai.report import dumps

    if not source.is_file():
        stop(f"{source}：{UNREADABLE['missing']}")
    if output is not None and output.suffix.lower() in WORKBOOKS:
        _expect(output, ".json")
    try:
        reading = read(source)
    except ReadError as error:
        stop(f"{source}：{error}")
    layout = [finding for finding in reading.context.findings if finding.rule == "F-LAYOUT"]
    for finding in layout:
        say(f"{source}：{finding.message}")
    if any(finding.severity == "error" for finding in layout):
        raise typer.Exit(FOUND)
    if output is None:
        typer.echo(dumps(reading.report), nl=False)
    else:
        _write(output, dumps(reading.report).encode())


@app.command(cls=ChineseCommand)
def rules(edition: EditionOption = None, form: FormatOption = Format.text) -> None:
    """列出一版统计表的全部核对规则。"""
    from gongkai import guide, reporters
    from gongkai.edition import EditionError, by_name, editions

    try:
        chosen = by_name(edition) if edition else list(editions().values())[-1]
    except EditionError as error:
        stop(str(error))
    book = guide.rule_book(chosen)
    if form is Format.json:
        entries = [entry.to_json() for entry in book]
        typer.echo(reporters.as_json({"edition": chosen.name, "rules": entries}))
    else:
        typer.echo(reporters.rules_text(chosen, book))


@app.command(cls=ChineseCommand)
def demo(
    directory: Annotated[Path, typer.Option("-d", "--directory", metavar="目录", help="演示文件写到哪里。")] = Path(
        "演示"
    ),
) -> None:
    """用五份已公开的真实年报演示：填表、校验、汇总。"""
    from gongkai.demo import run

    run(directory)


def _validate_active(form: Format) -> int:
    """Validate the workbook in front of the running Excel from outside: no macro, no process started by Excel."""
    from gongkai import reporters
    from gongkai.submission import Submission
    from gongkai.validation import SETTLED
    from xlwings_addin import messages

    try:
        from xlwings_addin import button, excel
    except ModuleNotFoundError:
        stop(messages.NO_XLWINGS)
    try:
        book = excel.ExcelBook(excel.active_book(), lambda text, _: typer.echo(text, err=form is Format.json))
    except excel.NoBookError as error:
        stop(str(error))
    outcome = button.validate(book)
    if form is Format.json:
        unread = None if outcome.report else outcome.text
        submission = Submission(book.name, outcome.report, outcome.findings, unread)
        typer.echo(reporters.as_json(reporters.validation_json([submission])))
    if outcome.status == "error":
        return CANNOT
    return OK if outcome.status in SETTLED else FOUND


app.add_typer(addin)


def _outside(folder: Path | None, paths: Sequence[Path]) -> list[Path]:
    """Return the folder of the copies, to be left out of the search, unless it is what is to be searched."""
    if folder is None or any(folder.resolve() in (path.resolve(), *path.resolve().parents) for path in paths):
        return []
    return [folder]


def _judge(
    paths: Sequence[Path], prior: Sequence[Path] | None, *, blank_as_zero: bool = False, leave_out: Sequence[Path] = ()
) -> tuple[list[Submission], list[Path]]:
    """Read and judge everything below ``paths``; say which paths do not exist, stop when nothing is left."""
    from gongkai.files import collect
    from gongkai.messages import UNREADABLE
    from gongkai.submission import judge

    files, missing = collect(paths, leave_out)
    for path in missing:
        say(f"{path}：{UNREADABLE['missing']}")
    if not files:
        if len(missing) < len(paths):
            say(
                f"{'、'.join(str(p) for p in paths if p not in missing)}：里面没有工作簿（.xlsx、.xlsm、.xls、.et）。请检查路径。"
            )
        raise typer.Exit(CANNOT)
    priors = _priors(prior) if prior else None
    submissions = [judge(file, priors, blank_as_zero=blank_as_zero) for file in files]
    if priors and not any(submission.report and priors.of(submission.report) for submission in submissions):
        say("--prior 里没有这些单位上一年度的报表（按代码、名称和年度对应），没有作跨年核对。")
    return submissions, missing


def _expect(output: Path, suffix: str) -> None:
    if output.suffix.lower() != suffix:
        stop(f"-o 给的是 {output}，应是 {suffix} 文件。请改文件名。")


def _not_an_input(output: Path, paths: Sequence[Path]) -> None:
    """Stop where a summary would be written over a workbook somebody handed in; an earlier summary may be."""
    from gongkai.files import collect
    from gongkai.reader import ReadError
    from gongkai.submission import load

    if not output.exists() or not any(file.resolve() == output.resolve() for file in collect(paths)[0]):
        return
    try:
        reading = load(output)
        ours = bool(reading.members or reading.details)
    except ReadError:
        ours = False
    if not ours:
        stop(f"-o 给的 {output} 是要汇总的文件之一，不能覆盖。请换一个文件名。")


def _priors(paths: Sequence[Path]) -> PriorReports:
    from gongkai.files import collect
    from gongkai.messages import UNREADABLE
    from gongkai.reader import ReadError
    from gongkai.submission import PriorReports, load

    files, missing = collect(paths)
    if missing:
        stop(f"{missing[0]}：{UNREADABLE['missing']}")
    found = []
    for file in files:
        try:
            reading = load(file)
        except ReadError as error:
            stop(f"上年数据 {file}：{error}")
        found += [reading.report, *reading.details]
    if not found:
        stop("--prior 里没有可用的上年度报表。请检查路径。")
    return PriorReports(found)


def _write(path: Path, data: bytes) -> None:
    from gongkai.files import OutputError, write_whole

    try:
        write_whole(path, data)
    except OutputError as error:
        stop(str(error))


def main() -> None:
    """Run the command line; on an old Windows console Chinese must not end in an encoding error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    app()
