"""The lists behind a summary: who filed what, what is wrong, what was explained, what to announce, where it came from.

They are filled in one pass over the files, those that are left out first: with them an office has work to do.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta, timezone

from gongkai.bookwriter import BookWriter
from gongkai.cell import Value
from gongkai.collection.coverage import presumed_sender
from gongkai.collection.roster import Entry
from gongkai.merge import Summary, reason
from gongkai.messages import FORM_SENTENCES, REASONS, SEVERITIES, STATUSES
from gongkai.outputs.longlist import LongList
from gongkai.submission import Submission
from gongkai.validation import Finding
from gongkai.wording import shown

COVERAGE_SHEET, PROBLEM_SHEET, EXPLANATION_SHEET = "报送情况", "问题清单", "说明汇总"
SOURCE_SHEET, NOTICE_SHEET = "来源", "通报"
_COVERAGE = {
    "序号": 9, "单位名称": 30, "单位代码": 20, "文件": 36, "结果": 12, "原因": 70, "错误": 9, "需说明": 11,
    "空白按 0 计的格数": 12, "联系电话": 18, "电子邮箱": 32,
}  # fmt: skip
_PROBLEMS = {
    "文件": 30, "单位": 26, "级别": 10, "规则": 22, "表": 14, "单元格": 11, "项目": 30, "填报值": 12, "应为": 10,
    "问题与修改建议": 70, "情况说明": 30,
}  # fmt: skip
_EXPLANATIONS = {"单位": 30, "规则": 22, "表": 14, "单元格": 11, "项目": 34, "填报值": 12, "情况说明": 80}
_SOURCES = {
    "单位名称": 30, "单位代码": 20, "文件": 44, "SHA-256": 74, "保存程序": 22, "模板版本": 12, "文件保存时间": 20,
    "单位自行验证": 20, "验证程序": 26, "验证后改动": 14,
}  # fmt: skip
_NOTICE = {"单位名称": 30, "单位代码": 20, "文件": 36, "结果": 16, "错误": 9, "需说明": 11}
_RULE_WIDTH = 12
_ANNOUNCED = ("unreadable", "failed", "S-YEAR", "S-EDITION", "S-UNKNOWN")
"""Reasons that are for the unit to mend; it may well have handed in the same numbers twice."""
_BEIJING = timezone(timedelta(hours=8))


class Registers:
    """The lists of one summary while they are written."""

    def __init__(self, writer: BookWriter, summary: Summary) -> None:
        self.summary = summary
        self.findings = 0
        self.suspects: dict[int, list[str]] = defaultdict(list)
        """Row of a unit that is missing → files that may be its own, but cannot be read."""
        rules: set[str] = set()
        for _, submission, _ in summary.ledger.submissions():
            self.findings += len(submission.findings)
            rules.update(finding.rule for finding in submission.findings if finding.open)
            if sender := self._sender(submission):
                self.suspects[sender.row].append(summary.short(submission.file))
        self.rules = sorted(rules)
        """The rules that are broken and not explained."""
        columns = {
            COVERAGE_SHEET: _COVERAGE, PROBLEM_SHEET: _PROBLEMS, EXPLANATION_SHEET: _EXPLANATIONS,
            NOTICE_SHEET: {**_NOTICE, **dict.fromkeys(self.rules, _RULE_WIDTH)}, SOURCE_SHEET: _SOURCES,
        }  # fmt: skip
        self.lists = {
            sheet: LongList(writer, sheet, tuple(heads), tuple(heads.values())) for sheet, heads in columns.items()
        }

    def start(self) -> None:
        """Write titles, headings, and the units that handed in nothing."""
        counted, out = (self.summary.ledger.count(counted=counted) for counted in (True, False))
        missing = self.summary.missing
        late = f"，未报送 {len(missing)} 个单位" if missing else ""
        titles = {
            COVERAGE_SHEET: f"报送情况：收到 {counted + out} 份，已汇总 {counted} 份，未汇总 {out} 份{late}",
            PROBLEM_SHEET: f"问题清单：{self.findings} 处",
            EXPLANATION_SHEET: "说明汇总：各单位对需说明事项所写的情况说明",
            NOTICE_SHEET: "通报：未报送、未通过或有待说明事项的单位，及各规则的问题数",
            SOURCE_SHEET: "来源：每份报表的文件、校验码和验证记录（时间为北京时间）",
        }
        for sheet, title in titles.items():
            self.lists[sheet].start(title)
        for entry in missing:
            why = FORM_SENTENCES["S-MISSING"].format(name=entry.name)
            if suspects := self.suspects.get(entry.row):
                why += f"可能是无法读取的文件“{'”“'.join(suspects)}”。"
            self.lists[COVERAGE_SHEET].add(
                None, entry.name, entry.code, None, "未报送", why, None, None, None, entry.phone, entry.email
            )
            self.lists[NOTICE_SHEET].add(
                entry.name, entry.code, None, "未报送", None, None, *(None for _ in self.rules)
            )

    def see(self, number: int, submission: Submission, why: str | None) -> None:
        """Enter a file, the ``number``-th one handed in, and why it does not count, if so."""
        file, unit = self.summary.short(submission.file), submission.unit
        self._coverage(number, submission, why, file)
        for finding in submission.findings:
            self.lists[PROBLEM_SHEET].add(file, unit.name, *_problem(finding))
            if finding.explanation:
                where = (finding.rule, finding.sheet, finding.cell, finding.name, shown(finding.value))
                self.lists[EXPLANATION_SHEET].add(unit.name, *where, finding.explanation)
        self._notice(submission, why, file)
        self.lists[SOURCE_SHEET].add(unit.name, unit.code, file, *_source(submission))

    def finish(self) -> None:
        """Write what stands below the lists."""
        for rows in self.lists.values():
            rows.finish(*() if rows.rows else ("（没有）",))

    def _coverage(self, number: int, submission: Submission, why: str | None, file: str) -> None:
        unit = submission.unit
        result, words = (
            ("已汇总", STATUSES[submission.status]) if why is None else ("未汇总", self.summary.short_reason(why))
        )
        roster = self.summary.roster
        entry = roster.match(unit).entry if roster and submission.report else self._sender(submission)
        phone = unit.phone or (entry.phone if entry else None)
        email = entry.email if entry else None
        counts: tuple[Value, ...] = (None, None, None)
        if submission.report is not None:
            severities = [finding.severity for finding in submission.findings]
            counts = severities.count("error"), severities.count("warning"), submission.zeroed
        self.lists[COVERAGE_SHEET].add(number, unit.name, unit.code, file, result, words, *counts, phone, email)

    def _notice(self, submission: Submission, why: str | None, file: str) -> None:
        verdict = _verdict(submission, why)
        if verdict is None or (why is not None and self.summary.has_another(submission)):
            return
        unit, sender = submission.unit, self._sender(submission)
        open_ones = [finding for finding in submission.findings if finding.open]
        severities = Counter(finding.severity for finding in open_ones)
        rules = Counter(finding.rule for finding in open_ones)
        counts: list[Value] = [rules[rule] or None for rule in self.rules]
        errors = (severities["error"], severities["warning"]) if submission.report else (None, None)
        name = unit.name or (f"{sender.name}（从文件名看）" if sender else None)
        self.lists[NOTICE_SHEET].add(name, unit.code, file, verdict, *errors, *counts)

    def _sender(self, submission: Submission) -> Entry | None:
        """Return whose a file seems to be that was not read."""
        return presumed_sender(self.summary.missing, submission.file) if submission.report is None else None


def _problem(finding: Finding) -> tuple[Value, ...]:
    expected = None if finding.expected is None else shown(finding.expected)
    where = (finding.rule, finding.sheet, finding.cell, finding.name)
    return (
        SEVERITIES[finding.severity], *where, shown(finding.value), expected, finding.message, finding.explanation,
    )  # fmt: skip


def _verdict(submission: Submission, why: str | None) -> str | None:
    """Return what to announce of a file, if anything."""
    if why is None:
        return STATUSES["warnings"] if submission.status == "warnings" else None
    key = reason(submission, why)
    return REASONS[key] if key in _ANNOUNCED else None


def _source(submission: Submission) -> tuple[Value, ...]:
    origin = submission.origin
    if origin is None:
        return (None,) * 7
    saved = _beijing(datetime.fromtimestamp(origin.modified, UTC))
    return (
        origin.sha256, origin.application, origin.template_version, saved, _moment(origin.validated_at),
        origin.validated_with, "是" if submission.changed else None,
    )  # fmt: skip


def _moment(text: str | None) -> str | None:
    """Return a moment in ISO 8601 as people read it; what is none stays as it is."""
    try:
        return text and _beijing(datetime.fromisoformat(text).astimezone(UTC))
    except ValueError:
        return text


def _beijing(moment: datetime) -> str:
    return f"{moment.astimezone(_BEIJING):%Y-%m-%d %H:%M}"
