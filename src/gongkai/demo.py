"""The demonstration: five published reports, filled into official workbooks, validated, and merged by year."""

from __future__ import annotations

from pathlib import Path

import typer

from gongkai import reporters, summary, template
from gongkai.edition import by_name, resource
from gongkai.files import write_whole
from gongkai.merge import merge
from gongkai.report import loads
from gongkai.returns import send_back
from gongkai.submission import Submission, judge


def run(folder: Path) -> None:
    """Write the demonstration into ``folder`` and say where everything is."""
    filled = []
    for source in sorted(resource("examples").glob("*.json")):
        report = loads(source.read_bytes())
        target = folder / "填报" / str(report.year) / f"{report.unit.name}.xlsx"
        write_whole(target, template.fill(by_name(report.edition), report))
        filled.append(target)
    typer.echo(f"一、填表：{len(filled)} 份已公开的年报填入官方工作簿，在 {folder / '填报'}\n")
    submissions = [judge(file) for file in filled]
    typer.echo("二、校验：")
    typer.echo(reporters.validation_text(submissions))
    returned = send_back(submissions, folder / "退回")
    typer.echo(f"有问题的 {len(returned)} 份已标注，在 {folder / '退回'}\n")
    typer.echo("三、汇总：")
    for year in sorted({submission.report.year for submission in submissions if submission.report}, key=str):
        _merge(submissions, int(str(year)), folder / "汇总" / f"{year}年度汇总.xlsx")
    typer.echo("\n这些都是普通的 .xlsx 文件，双击即可打开查看。")


def _merge(submissions: list[Submission], year: int, output: Path) -> None:
    of_the_year = [submission for submission in submissions if submission.report and submission.report.year == year]
    result = merge(of_the_year, "示例地区", year)
    write_whole(output, summary.workbook(result))
    write_whole(output.with_suffix(".json"), "".join(reporters.merge_json(result)).encode() + b"\n")
    typer.echo(reporters.merge_text(result, output))
