"""退回: a marked copy of every workbook that somebody has to correct or explain, for sending back."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gongkai import marking
from gongkai.filenames import safe_name
from gongkai.files import sweep, write_whole
from gongkai.ooxml import WorkbookError
from gongkai.submission import Submission


def send_back(submissions: Iterable[Submission], folder: Path, *, propose: bool = False) -> list[Path]:
    """Write the marked copies into ``folder`` and return their paths; the originals are only read.

    ``propose`` adds to each finding what is proposed; the numbers stay as they were filed.

    A workbook of ours gets its sheet 验证结果 filled. Of any other file there is nothing to mark, so a list of its
    findings is written. Unreadable files are left out: what is wrong with them is not in a cell.
    """
    taken = {Path(submission.file).resolve() for submission in submissions}
    written = []
    for submission in submissions:
        if submission.status not in ("failed", "warnings"):
            continue
        source = Path(submission.file)
        data, suffix = marked_copy(submission, propose=propose)
        target = _free(folder, safe_name(source.stem), suffix, taken)
        taken.add(target.resolve())
        write_whole(target, data)
        written.append(target)
    for target in written[-1:]:
        sweep(target)
    return written


def marked_copy(submission: Submission, *, propose: bool = False) -> tuple[bytes, str]:
    """Return the marked copy of a file, or the list of its findings, and how its name ends."""
    source = Path(submission.file)
    if source.suffix.lower() in (".xlsx", ".xlsm"):
        try:
            return marking.marked(
                source.read_bytes(), submission.findings, submission.context.explanations, propose=propose
            ), source.suffix
        except (KeyError, WorkbookError):
            pass  # not ours, or no longer as we made it
    return marking.findings_list(source.name, submission.findings, propose=propose), "-验证结果.xlsx"


def _free(folder: Path, stem: str, suffix: str, taken: set[Path]) -> Path:
    """Return a name in the folder that is neither an input's nor another copy's."""
    target, number = folder / f"{stem}{suffix}", 2
    while target.resolve() in taken:
        target, number = folder / f"{stem}（{number}）{suffix}", number + 1
    return target
