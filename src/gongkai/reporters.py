"""What the command line prints of findings: one reporter for people, one for machines, over the same data."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gongkai.messages import SEVERITIES, STATUSES

if TYPE_CHECKING:
    from pathlib import Path

    from gongkai.edition import Edition
    from gongkai.guide import RuleEntry
    from gongkai.merge import Summary
    from gongkai.submission import Submission


def as_json(data: object) -> str:
    """Return any result as JSON text."""
    return json.dumps(data, ensure_ascii=False, indent=1)


def validation_json(submissions: Sequence[Submission]) -> dict[str, Any]:
    """Return the result of ``validate --format json``."""
    return {"reports": [submission.to_json() for submission in submissions]}


def validation_text(submissions: Sequence[Submission]) -> str:
    """Return the result of ``validate`` for people: each file with its findings, then how many of each status."""
    lines: list[str] = []
    for submission in submissions:
        lines += _one(submission)
    counts = Counter(submission.status for submission in submissions)
    summary = "，".join(f"{STATUSES[name]} {counts[name]} 份" for name in STATUSES if counts[name])
    if len(submissions) > 1:
        lines.append(f"共 {len(submissions)} 份：{summary}。")
    return "\n".join(lines)


def _one(submission: Submission) -> list[str]:
    if submission.error is not None:
        return [f"{submission.file}：{submission.error}"]
    report = submission.report
    who = (submission.unit.name or "（没有单位名称）") + (f"，{report.year} 年度" if report and report.year else "")
    lines = [f"{submission.file}（{who}）：{STATUSES[submission.status]}"]
    for finding in submission.findings:
        state = "已说明" if finding.explanation else SEVERITIES[finding.severity]
        cell = finding.cell if not finding.span else f"{finding.span[0]} 等 {len(finding.span)} 格"
        lines.append(f"  [{state}] {finding.sheet}!{cell}  {finding.message}（{finding.rule}）")
        if finding.explanation:
            lines.append(f"      情况说明：{finding.explanation}")
    return lines


def merge_text(summary: Summary, output: Path | None) -> str:
    """Return the result of ``merge`` for people: what is in, what is out and why."""
    included, excluded = summary.included, summary.excluded
    lines = [f"{summary.region} {summary.year} 年度汇总：已汇总 {len(included)} 份，未汇总 {len(excluded)} 份。"]
    lines += [f"  已汇总  {_name(unit.submission)}" for unit in included]
    for unit in included:
        if unit.submission.zeroed:
            lines.append(f"  注意：{_name(unit.submission)} 有 {unit.submission.zeroed} 个空白格按声明以 0 计入。")
    lines += [f"  未汇总  {_name(unit.submission)}：{unit.why}" for unit in excluded]
    lines.append(f"汇总表：{output}" if output else "没有一份可以汇总，未生成汇总表。")
    return "\n".join(lines)


def _name(submission: Submission) -> str:
    return f"{submission.unit.name}（{submission.file}）" if submission.unit.name else submission.file


def rules_text(edition: Edition, book: Sequence[RuleEntry]) -> str:
    """Return the rule book for people."""
    lines = [f"{edition.schema['title']}（{edition.name} 年版）核对规则，共 {len(book)} 条："]
    for entry in book:
        severity = "／".join(SEVERITIES[name] for name in entry.severity)
        lines.append(f"  {entry.rule:<20} [{severity}] {entry.title}")
    return "\n".join(lines)
