"""What the command line prints of findings: one reporter for people, one for machines, over the same data."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from gongkai.messages import SEVERITIES, STATUSES
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
