"""退回单: to everybody whose file has faults of its own a page that says which, and the marked copy beside it.

The page is a .docx: the office fills in the deadline, puts its seal on it or copies it into a mail. Who only handed in
twice, or is not on the roster, gets none: there is nothing for them to correct in the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from gongkai.collection.coverage import presumed_sender
from gongkai.filenames import safe_name
from gongkai.files import set_aside, sweep, write_copy
from gongkai.marking import RESULT_SHEET
from gongkai.merge import Summary
from gongkai.messages import UNREADABLE
from gongkai.outputs.paper import Line, document, lines_of
from gongkai.remedy import Remedy, advice
from gongkai.returns import marked_copy
from gongkai.submission import Submission, same_unit, unit_keys
from gongkai.validation import SETTLED, Finding, status, together
from gongkai.wording import cell_range

TOLD = 15
"""So many faults are told, or as many as fit on the page; the marked copy lists all of them."""
_ROOM = 19
"""Lines of the page that faults may take."""
_LONGEST = 200
"""Characters of a fault; a table whose every heading is wrong would fill the page."""
_NOBODY = "汇总"
"""The region of an office that did not say its name."""
_ENDING = "-退回单.docx"
_OUR_OWN = frozenset(UNREADABLE[key] for key in ("missing", "unreadable"))
"""The file was locked or taken away here; those who filed it cannot help that."""
_SAID_TO_US = {
    "请让报送单位重新发送。": "请重新发送。",
    "请重新取得文件。": "请重新发送。",
    "请退回重新填报。": "请用官方模板重新填报。",
}


@dataclass(frozen=True, slots=True)
class Letter:
    """What a body is told about its file."""

    submission: Submission
    """With those of its findings that the body can do something about."""
    counted: bool
    faults: tuple[str, ...]
    """Numbered on the page, errors first."""


def send_back_with_letters(summary: Summary, folder: Path) -> tuple[int, int]:
    """Write letters and marked copies into a folder; the originals are only read, what an earlier run wrote goes aside.

    Returns how many letters there are, and how many files went aside. Raises ``OutputError``.
    """
    names = _Names(summary, folder)
    count, written = 0, set()
    for _, submission, why in summary.ledger.submissions():
        letter = _letter(summary, submission, why)
        if letter is None:
            continue
        copy = _marked(letter.submission)
        base = names.free(submission, ("" if copy is None else copy[1], _ENDING))
        name = None
        if copy is not None:
            name = base + copy[1]
            write_copy(folder / name, copy[0])
            written.add(name)
        write_copy(folder / (base + _ENDING), document(page(letter, summary, name)))
        written.add(base + _ENDING)
        count += 1
    if count:
        sweep(folder / (base + _ENDING))
    return count, set_aside(folder, written) if folder.is_dir() else 0


def _letter(summary: Summary, submission: Submission, why: str | None) -> Letter | None:
    """Return what to tell of a file, if anything."""
    findings = tuple(
        finding
        for finding in submission.findings
        if not _is_ours(finding) and not _is_on_another_form(submission, summary)
    )
    told = replace(submission, findings=findings)
    misplaced = tuple(_misplaced(summary, submission)) if why is not None else ()
    settled = told.status in SETTLED and not misplaced
    if settled or submission.error in _OUR_OWN or (why is not None and told.status == "warnings" and not misplaced):
        return None  # nothing to correct, or left out for what others handed in
    if why is not None and _superseded(summary, submission, anyhow=bool(misplaced)):
        return None
    order = sorted((finding for finding in findings if finding.open), key=lambda finding: finding.severity != "error")
    unread = (_to_the_body(submission.error),) if submission.error else ()
    faults = unread + misplaced + tuple(fault for group in together(order) for fault in _faults(*group))
    return Letter(told, why is None, faults)


def _to_the_body(error: str) -> str:
    """Return what is wrong with a file as it is said to those who filed it."""
    for ours, theirs in _SAID_TO_US.items():
        error = error.replace(ours, theirs)
    return error


def _is_ours(finding: Finding) -> bool:
    """Tell whether a finding is for the office and not for the body: that a file changed, or is known only by name."""
    return finding.rule.startswith("S-") or (finding.rule == "F-COVER" and finding.severity == "warning")


def _misplaced(summary: Summary, submission: Submission) -> Iterator[str]:
    """Yield why a file does not belong into this summary."""
    report, year = submission.report, summary.year
    if report is None:
        return
    if isinstance(report.year, int) and report.year != year:
        yield (
            f"这是 {report.year} 年度的报表，本次汇总的是 {year} 年度。封面的“报告年度”填错的，请改正；交错文件的，请改报 {year} 年度的报表。"
        )
    elif report.edition != summary.edition.name:
        name = summary.edition.name
        yield (
            f"用的是 {report.edition} 年版统计表，{year} 年度应使用 {name} 年版。请换用 {name} 年版模板重新填报；没有这个模板的，请与我们联系。"
        )


def _is_on_another_form(submission: Submission, summary: Summary) -> bool:
    """Tell whether a file has to be filled in anew, on the form of the year; then its cells are not worth a word."""
    report = submission.report
    return report is not None and report.year == summary.year and report.edition != summary.edition.name


def _superseded(summary: Summary, submission: Submission, *, anyhow: bool) -> bool:
    """Tell whether the body has corrected a file already: another one of it counts that is newer, or of any age."""
    for other in summary.ledger.counted_with(unit_keys(submission.unit)):
        newer = not submission.origin or not other.origin or other.origin.modified >= submission.origin.modified
        if same_unit(other.unit, submission.unit) and (newer or anyhow):
            return True
    return False


def _faults(remedies: tuple[Remedy, ...], findings: tuple[Finding, ...]) -> Iterator[str]:
    """Yield findings as faults: as one where one change settles them all."""
    if findings[0].cure is None:
        yield from map(_fault, findings)
        return
    where = "、".join(f"{finding.sheet}!{finding.cell}（{finding.rule}）" for finding in findings)
    yield _short(f"{advice(remedies)}涉及 {where}。")


def _fault(finding: Finding) -> str:
    place = f"“{finding.sheet}”表 {cell_range(finding.span or (finding.cell,))}："
    text = place + ("（须说明）" if finding.severity == "warning" else "") + finding.message
    return _short(text)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _marked(submission: Submission) -> tuple[bytes, str] | None:
    """Return the marked copy and how its name ends; none of a file that was not read or is gone, or has no faults."""
    if status(submission.findings) not in ("failed", "warnings") or submission.report is None:
        return None
    try:
        return marked_copy(submission)
    except OSError:
        return None


# --- the page


def page(letter: Letter, summary: Summary, copy: str | None) -> Iterator[Line]:
    """Yield the paragraphs of a letter; ``copy`` is the name of the file beside it."""
    submission = letter.submission
    unit, name = submission.unit, Path(submission.file).name
    yield Line("政府信息公开年报统计表退回单", "title")
    sender = presumed_sender(summary.missing, submission.file)
    addressee = unit.name or (sender.name if sender else f"文件“{name}”的报送单位")
    yield Line(f"{addressee}：", "address")
    yield Line(_opening(letter, summary, name))
    yield Line("一、需要处理的问题", "heading")
    told = list(_fitting(letter.faults))
    yield from (Line(f"{number}. {fault}") for number, fault in enumerate(told, 1))
    if len(told) < len(letter.faults):
        where = f"，全部列在“{copy}”中" if copy else ""
        yield Line(f"另有 {len(letter.faults) - len(told)} 处没有列出{where}。")
    yield Line("二、办理方法", "heading")
    yield from (Line(f"{number}. {step}") for number, step in enumerate(_steps(letter, copy), 1))
    yield Line("三、时间要求", "heading")
    yield Line("请于        年    月    日前重新报送。联系人：              电话：                  。感谢支持配合。")
    yield Line("")
    yield Line("（汇总单位名称）" if summary.region == _NOBODY else summary.region, "signature")
    yield Line("年    月    日", "signature")


def _opening(letter: Letter, summary: Summary, name: str) -> str:
    submission = letter.submission
    if submission.error is not None:
        return f"你单位报送的 {summary.year} 年度统计表文件“{name}”无法读取，没有计入本次汇总，现予退回，请按下列办法处理后重新报送。"
    year = submission.report.year if submission.report else None
    what = f" {year} 年度统计表" if isinstance(year, int) else "统计表"
    received = f"你单位报送的{what}（文件“{name}”）收悉。经核对，"
    if letter.counted:
        return f"{received}已计入本次汇总，但有 {len(letter.faults)} 处须说明原因，请补充说明后重新报送。"
    return f"{received}有 {len(letter.faults)} 处问题，没有计入本次汇总，现予退回，请改正后重新报送。"


def _fitting(faults: tuple[str, ...]) -> Iterator[str]:
    """Yield as many faults as the page takes, the first of them in any case."""
    room = _ROOM
    for number, fault in enumerate(faults[:TOLD]):
        room -= lines_of(f"{number}. {fault}")
        if room < 0 and number:
            return
        yield fault


def _steps(letter: Letter, copy: str | None) -> Iterator[str]:
    """Yield what to do, step by step."""
    explains = any(finding.severity == "warning" and finding.open for finding in letter.submission.findings)
    if copy is None:
        yield "请按上面所说处理；数字以你单位核定的为准，请勿由他人代改。"
        yield "重新报送前，请打开文件检查一遍，确认封面上方显示“内置校验：通过”。"
        return
    if Path(copy).stem.endswith(RESULT_SHEET):
        yield f"全部问题列在随附的“{copy}”中，请对照改正你单位原来的文件。"
        more = "须说明的，官方模板的“验证结果”表中有“情况说明”栏可以填写。" if explains else ""
        yield f"最好改用官方模板填报，填写时即可看到核对结果。{more}"
        return
    yield f"请打开随附的“{copy}”：有问题的单元格已经标出，全部问题列在“{RESULT_SHEET}”表中。"
    if any(finding.severity == "error" for finding in letter.submission.findings):
        yield "逐条核对改正。只改填错的格子，合计由公式自动计算。"
    if explains:
        yield f"标明“须说明”的，如数字无误，请在“{RESULT_SHEET}”表的“情况说明”栏写明具体原因，不能只写“核实无误”。"
    yield "保存后确认封面上方显示“内置校验：通过”，再报送改好的这份文件。"


# --- names of files


class _Names:
    """Names in a folder, each given once, and never that of a file that was handed in."""

    def __init__(self, summary: Summary, folder: Path) -> None:
        files = (Path(submission.file) for _, submission, _ in summary.ledger.submissions())
        is_home = cache(lambda parent: parent.resolve() == folder.resolve())
        self._taken = {file.name.casefold() for file in files if is_home(file.parent)}

    def free(self, submission: Submission, endings: tuple[str, ...]) -> str:
        """Return a name to which all the endings can be added: the unit's, and that of its file."""
        stem, unit = Path(submission.file).stem, submission.unit.name or ""
        base = safe_name(stem if unit in stem else unit if stem in unit else f"{unit}-{stem}")
        name, number = base, 2
        while any((name + ending).casefold() in self._taken for ending in endings):
            name, number = f"{base}（{number}）", number + 1
        self._taken.update((name + ending).casefold() for ending in endings)
        return name
