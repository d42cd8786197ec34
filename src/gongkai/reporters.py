"""What the command line prints of findings: one reporter for people, one for machines, over the same data."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from gongkai.guide import rule_book
from gongkai.layout import columns_of
from gongkai.merge import reason
from gongkai.messages import CHANGED, FORM_SENTENCES, REASONS, SEVERITIES, STATUSES
from gongkai.remedy import advice
from gongkai.report import nest
from gongkai.validation import together
from gongkai.wording import escaped_json, one_line

if TYPE_CHECKING:
    from pathlib import Path

    from gongkai.edition import Edition
    from gongkai.guide import RuleEntry
    from gongkai.merge import Summary
    from gongkai.submission import Submission
    from gongkai.validation import Finding


def as_json(data: object) -> str:
    """Return any result as JSON text."""
    return escaped_json(json.dumps(data, ensure_ascii=False, indent=1))


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
        return [one_line(f"{submission.file}：{submission.error}")]
    report = submission.report
    who = (submission.unit.name or "（没有单位名称）") + (f"，{report.year} 年度" if report and report.year else "")
    lines = [one_line(f"{submission.file}（{who}）：{STATUSES[submission.status]}")]
    for remedies, findings in together(submission.findings):
        if remedies:
            lines.append(one_line(f"  {advice(remedies)}"))
        lines += [line for finding in findings for line in _told(finding, "    " if remedies else "  ")]
    return lines


def _told(finding: Finding, indent: str) -> Iterator[str]:
    state = "已说明" if finding.explanation else SEVERITIES[finding.severity]
    cell = finding.cell if not finding.span else f"{finding.span[0]} 等 {len(finding.span)} 格"
    yield one_line(f"{indent}[{state}] {finding.sheet}!{cell}  {finding.message}（{finding.rule}）")
    if finding.explanation:
        yield one_line(f"{indent}    情况说明：{finding.explanation}")


def merge_json(summary: Summary) -> Iterator[str]:
    """Yield the result of ``merge --format json``, also written beside the workbook, piece by piece.

    ``details`` holds the numbers of every unit, so that the next year can be compared with this file alone.
    """
    head = {"edition": summary.edition.name, "year": summary.year, "region": summary.region}
    yield as_json(head).removesuffix("\n}") + ',\n "units": {\n  "included": '
    yield from _list(
        {
            "file": unit.submission.file, "unit": _who(unit.submission), "status": unit.submission.status,
            "zeroed": unit.submission.zeroed, "sha256": unit.submission.origin.sha256 if unit.submission.origin else None,
        }
        for unit in summary.included
    )  # fmt: skip
    yield ',\n  "excluded": '
    yield from _list(
        {"file": unit.submission.file, "unit": _who(unit.submission), "why": unit.why} for unit in summary.excluded
    )
    yield ',\n  "missing": '
    yield from _list(
        {"name": e.name, "code": e.code, "phone": e.phone, "email": e.email, "row": e.row} for e in summary.missing
    )
    counts = summary.ledger.count(counted=True)
    totals = nest(summary.edition, summary.totals) if counts else None
    yield '\n },\n "totals": ' + json.dumps(totals, ensure_ascii=False) + ',\n "findings": '
    yield from _list(_all_findings(summary))
    yield ',\n "details": {"items": ' + json.dumps([item.key for item in summary.edition.items]) + ', "reports": '
    yield from _list({**_who(unit.submission), "values": unit.report.values} for unit in summary.included)
    yield "}\n}"


def _list(entries: Iterable[object]) -> Iterator[str]:
    """Yield a JSON list, one entry to a line."""
    yield "["
    for number, entry in enumerate(entries):
        yield ("," if number else "") + "\n   " + escaped_json(json.dumps(entry, ensure_ascii=False))
    yield "]"


def _all_findings(summary: Summary) -> Iterator[dict[str, Any]]:
    for _, submission, _ in summary.ledger.submissions():
        for finding in submission.findings:
            yield {"file": submission.file, **finding.to_json()}
    for entry in summary.missing:
        message = FORM_SENTENCES["S-MISSING"].format(name=entry.name)
        unit = {"name": entry.name, "code": entry.code}
        yield {"file": None, "rule": "S-MISSING", "severity": "error", "unit": unit, "message": message}


def _who(submission: Submission) -> dict[str, str | None]:
    return {"name": submission.unit.name, "code": submission.unit.code}


LISTED = 30
"""So many files are named on the terminal; all of them stand in the workbook."""


def merge_text(summary: Summary, output: Path | None, seconds: float | None = None) -> str:
    """Return the result of ``merge`` for people: what is in, what is out and why, and how the run went."""
    included, excluded = (summary.ledger.count(counted=counted) for counted in (True, False))
    late = f"，未报送 {len(summary.missing)} 个单位" if summary.missing else ""
    lines = [f"{summary.region} {summary.year} 年度汇总：已汇总 {included} 份，未汇总 {excluded} 份{late}。"]
    for unit in islice(summary.included, LISTED):
        lines.append(f"  已汇总  {_name(unit.submission)}")
        if unit.submission.zeroed:
            lines.append(f"  注意：{_name(unit.submission)} 有 {unit.submission.zeroed} 个空白格按声明以 0 计入。")
    if included > LISTED:
        lines.append(f"  （其余 {included - LISTED} 份见汇总表的“报送情况”）")
    lines += [one_line(f"  未汇总  {_name(unit.submission)}：{unit.why}") for unit in islice(summary.excluded, LISTED)]
    if excluded > LISTED:
        lines.append(f"  （其余 {excluded - LISTED} 份见汇总表的“报送情况”）")
    for entry in summary.missing[:LISTED]:
        contact = "，".join(text for text in (entry.phone, entry.email) if text)
        lines.append(one_line(f"  未报送  {entry.name}" + (f"（{contact}）" if contact else "")))
    if len(summary.missing) > LISTED:
        lines.append(f"  （其余 {len(summary.missing) - LISTED} 个见汇总表的“报送情况”）")
    if seconds is not None:
        lines += ["", *_run(summary, seconds), ""]
    lines.append(f"汇总表：{output}" if output else "没有一份可以汇总，未生成汇总表。")
    return "\n".join(lines)


def _run(summary: Summary, seconds: float) -> list[str]:
    """Return how the run went: files, what was left out by reason, findings by rule, speed."""
    reasons: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    files = 0
    for _, submission, why in summary.ledger.submissions():
        files += 1
        rules.update(finding.rule for finding in submission.findings)
        if why is not None:
            reasons[reason(submission, why)] += 1
    out = reasons.total()
    rows = [("收到", files, "份"), ("  已汇总", files - out, "份"), ("  未汇总", out, "份")]
    for key, count in reasons.most_common():
        rows.append((f"    {REASONS[key]}" + (f"（{key}）" if key.startswith("S-") else ""), count, "份"))
    if summary.roster:
        rows.append(("未报送", len(summary.missing), f"个单位（名册上应报 {len(summary.roster.expected)} 个）"))
    rows.append(("问题", rules.total(), "处"))
    titles = {"S-CHANGED": CHANGED, **{entry.rule: entry.title for entry in rule_book(summary.edition)}}
    for rule, count in rules.most_common():
        rows.append((f"  {rule}", count, "处" + (f"  {titles[rule]}" if rule in titles else "")))
    width = max(columns_of(label) for label, _, _ in rows)
    lines = [f"{label}{' ' * (width - columns_of(label))}{count:>8,} {unit}" for label, count, unit in rows]
    return [*lines, f"用时 {seconds:.1f} 秒，每秒 {files / max(seconds, 0.001):.0f} 份"]


def _name(submission: Submission) -> str:
    return one_line(f"{submission.unit.name}（{submission.file}）" if submission.unit.name else submission.file)


def rules_text(edition: Edition, book: Sequence[RuleEntry]) -> str:
    """Return the rule book for people."""
    lines = [f"{edition.schema['title']}（{edition.name} 年版）核对规则，共 {len(book)} 条："]
    for entry in book:
        severity = "／".join(SEVERITIES[name] for name in entry.severity)
        lines.append(f"  {entry.rule:<20} [{severity}] {entry.title}")
    return "\n".join(lines)
