"""The command line: options in, exit code out. Each command imports its work when it runs, so that help is instant."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from gongkai import office
from gongkai.addin import app as addin
from gongkai.console import (
    FOUND,
    OK,
    PATHS,
    EditionOption,
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

app = typer.Typer(
    name="gongkai",
    cls=ChineseGroup, no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
    help="政府信息公开工作年度报告：统计表模板、校验与汇总。", context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip


@app.command(cls=ChineseCommand)
def template(
    edition: EditionOption = None,
    year: Annotated[int | None, typer.Option("--year", metavar="年度", help="报告年度，据此选择版本。")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="文件", help="写到哪里。")] = None,
    macro: Annotated[
        bool, typer.Option("--macro", help="带“验证”按钮的 .xlsm（含宏；须在装有验证组件的 Windows 上使用）。")
    ] = False,
    roster: Annotated[
        Path | None,
        typer.Option("--roster", metavar="名册", help="按名册给每个单位生成一份，封面已填好；须同时给 --year 和 -d。"),
    ] = None,
    prior: Annotated[
        list[Path] | None,
        typer.Option("--prior", metavar="路径", help="上年度的报表或汇总表，用来填好各单位的“上年数据”；可重复。"),
    ] = None,
    directory: Annotated[
        Path | None, typer.Option("-d", "--directory", metavar="目录", help="按名册生成的模板写到这个目录。")
    ] = None,
    checked: Annotated[
        Path | None,
        typer.Option(
            "--check", metavar="文件", help="不生成模板，核对这个工作簿是不是官方模板、填写格以外有什么改动。"
        ),
    ] = None,
    how: FormatOption = Format.text,
) -> None:
    """生成空白的官方填报模板：不含宏的 .xlsx，或带“验证”按钮的 .xlsm（--macro）；或按名册给每个单位生成一份。

    用 --check 则核对一个工作簿：没有改动时退出码为 0，有改动为 1，不是本套模板或无法读取为 2。
    """
    if checked is not None:
        if edition or year or output or macro or roster or prior or directory:
            stop("--check 只核对一个文件，除 --format 外不能与其他选项同时使用。")
        raise typer.Exit(_check_template(checked, how))
    if how is not Format.text:
        stop("--format 与 --check 一起使用。")
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
        expect(output, suffix)
    target = output or Path(name.format(edition=form.name))
    try:
        project = macros.shipped(form) if macro else None
    except OSError:
        stop(f"找不到随程序发布的 {macros.FILE_NAME.format(edition=form.name)}，无法取得宏。请重新安装 gongkai。")
    if roster is None:
        if prior or directory:
            stop("--prior 和 -d 与 --roster 一起使用。请给出名册。")
        write(target, templates.blank(form, year=year, project=project))
        typer.echo(f"已生成 {target}")
        return
    if year is None or directory is None or output is not None:
        stop("按名册生成时，须给出 --year 年度 和 -d 目录，不能给 -o。")
    count = office.hand_out(roster, form, year, priors_in(prior) if prior else None, project, directory)
    typer.echo(f"已生成 {count} 份，在 {directory}")


@app.command(cls=ChineseCommand)
def validate(
    paths: Annotated[list[Path] | None, PATHS] = None,
    prior: PriorOption = None,
    form: FormatOption = Format.text,
    returns: Annotated[
        Path | None,
        typer.Option("-d", "--directory", metavar="退回目录", help="把有问题的工作簿标注后的副本写到这个目录。"),
    ] = None,
    propose: Annotated[
        bool,
        typer.Option(
            "--propose", help="与 -d 同用：副本的问题旁边另有一列，写明建议改哪一格、改为多少；不改任何数字。"
        ),
    ] = False,
    active: Annotated[
        bool, typer.Option("--active", help="不读文件，验证 Excel 中正打开的工作簿并在其中标注（不需要宏）。")
    ] = False,
    jobs: JobsOption = None,
) -> None:
    """校验工作簿：逐条列出哪一格有问题、怎么改。没有问题时退出码为 0，有问题为 1，无法运行为 2。"""
    from gongkai import reporters
    from gongkai.collection.ledger import Ledger
    from gongkai.files import outside
    from gongkai.validation import SETTLED

    if active:
        if paths or prior or returns:
            stop("--active 验证 Excel 中正打开的工作簿，不能与路径、--prior、-d 同时使用。")
        raise typer.Exit(_validate_active(form))
    if propose and returns is None:
        stop("--propose 把建议写在副本里，须同时用 -d 给出目录。")
    if not paths:
        stop("请给出要验证的工作簿或文件夹；要验证 Excel 中正打开的工作簿，请加 --active。")
    with Ledger() as ledger:
        missing = take_in(
            ledger, paths, priors_in(prior) if prior else None, jobs=jobs, leave_out=outside(returns, paths)
        )
        submissions = [submission for _, submission, _ in ledger.submissions()]
    if form is Format.json:
        typer.echo(reporters.as_json(reporters.validation_json(submissions)))
    elif submissions:
        typer.echo(reporters.validation_text(submissions))
    if returns is not None:
        from gongkai.returns import send_back

        written = send_back(submissions, returns, propose=propose)
        say(f"标注后的副本 {len(written)} 份，在 {returns}" if written else "没有需要退回的工作簿。")
    unsettled = any(submission.status not in SETTLED for submission in submissions)
    raise typer.Exit(CANNOT if missing else FOUND if unsettled else OK)


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
    expect(output, ".xlsx")
    write(output, templates.fill(by_name(report.edition), report))
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
        expect(output, ".json")
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
        write(output, dumps(reading.report).encode())


@app.command(cls=ChineseCommand)
def rules(edition: EditionOption = None, form: FormatOption = Format.text) -> None:
    """列出一版统计表的全部核对规则，包括汇总时的规则。"""
    from gongkai import guide, reporters
    from gongkai.edition import EditionError, by_name, editions

    try:
        chosen = by_name(edition) if edition else list(editions().values())[-1]
    except EditionError as error:
        stop(str(error))
    book = guide.rule_book(chosen) + guide.office_rules()
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


def _check_template(file: Path, form: Format) -> int:
    """Say whether a file is an official template, and what was altered."""
    from gongkai.authenticity import check as genuine
    from gongkai.messages import CHECKED, UNREADABLE
    from gongkai.ooxml import MAX_FILE, WorkbookError
    from gongkai.reporters import as_json

    try:
        with file.open("rb") as source:
            verdict = genuine.check(source.read(MAX_FILE + 1))
    except OSError as error:
        stop(f"{file}：{UNREADABLE['missing' if isinstance(error, FileNotFoundError) else 'unreadable']}")
    except WorkbookError as error:
        stop(f"{file}：{CHECKED['old'] if error.reason == 'ole' else UNREADABLE[error.reason]}")
    except genuine.NotTemplateError as error:
        stop(f"{file}：{error}")
    typer.echo(as_json(verdict.to_json(str(file))) if form is Format.json else verdict.as_text(str(file)))
    return FOUND if verdict.alterations else OK


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


app.command(cls=ChineseCommand)(office.merge)
app.add_typer(office.roster_app)
app.add_typer(addin)


def main() -> None:
    """Run the command line; whoever ends it, it ends as with Ctrl-C, and leaves nothing behind.

    On an old Windows console Chinese must not end in an encoding error.
    """
    for name in ("SIGTERM", "SIGHUP", "SIGBREAK"):  # somebody ends us, or closes the terminal, or on Windows its window
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:  # nohup lets us not hear it
            signal.signal(number, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    app()
