"""The run's memory: every file that was handed in and what came of it, on disk, in the order of the files.

A nation has more reports than a desk computer has memory. What must be looked at all at once - who else filed for the
same unit, which year most of them are for - is asked of the database; everything else goes through one by one.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from gongkai.scratch import Scratch
from gongkai.submission import Submission

_TABLES = """
CREATE TABLE file (number INTEGER PRIMARY KEY, path BLOB NOT NULL, year INTEGER, why BLOB, content BLOB);
CREATE TABLE key (key BLOB NOT NULL, number INTEGER NOT NULL);
CREATE INDEX key_of ON key (key);
"""


class Ledger:
    """The files of a run and their submissions; it lasts as long as the run.

    Whatever writes to it raises ``OutputError`` when the disk of the temporary files is full.
    """

    def __init__(self) -> None:
        self._scratch = Scratch(_TABLES)

    @classmethod
    def of(cls, submissions: Iterable[Submission]) -> Self:
        """Return a ledger of submissions that are there already."""
        ledger = cls()
        for submission in submissions:
            ledger.enter([submission.file])
            ledger.record(len(ledger), submission)
        return ledger

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Forget everything."""
        self._scratch.close()

    def enter(self, files: Iterable[Path | str]) -> None:
        """Enter files that are to be read."""
        self._scratch.write_all("INSERT INTO file (path) VALUES (?)", ((_stored(str(file)),) for file in files))

    @property
    def folder(self) -> str:
        """The folder, with its separator, that all files lie in; nothing where they have none in common."""
        ends = self._scratch.rows("SELECT MIN(path), MAX(path) FROM file")[0]  # what these share, all share
        common = os.path.commonprefix([_text(end or b"") for end in ends])  # noqa: RUF071 - cut at a separator
        return common[: common.rfind(os.sep) + 1]

    def __len__(self) -> int:
        return int(self._scratch.one("SELECT COUNT(*) FROM file"))

    def unread(self, size: int) -> Iterator[list[tuple[int, str]]]:
        """Yield the files without a submission as (number, path), so many at a time."""
        last = 0
        while chunk := self._scratch.rows(
            "SELECT number, path FROM file WHERE content IS NULL AND number > ? ORDER BY number LIMIT ?", last, size
        ):
            last = chunk[-1][0]
            yield [(number, _text(path)) for number, path in chunk]

    def record(self, number: int, submission: Submission) -> None:
        """Record what came of a file."""
        report = submission.report
        year = report.year if report and isinstance(report.year, int) else None
        content = pickle.dumps(submission, pickle.HIGHEST_PROTOCOL)
        self._scratch.write("UPDATE file SET year = ?, content = ? WHERE number = ?", year, content, number)

    def years(self) -> dict[int, int]:
        """Return how many reports there are for each year."""
        return dict(
            self._scratch.rows("SELECT year, COUNT(*) FROM file WHERE year IS NOT NULL GROUP BY year ORDER BY year")
        )

    def submissions(self, *, counted: bool | None = None) -> Iterator[tuple[int, Submission, str | None]]:
        """Yield (number, submission, why it does not count) of all files, or only of those that do or do not count."""
        which = {None: "", True: "AND why IS NULL", False: "AND why IS NOT NULL"}[counted]
        last = 0
        # In parts: a query left open would see what is written meanwhile, or not, as it pleases.
        while part := self._scratch.rows(
            f"SELECT number, content, why FROM file WHERE content IS NOT NULL AND number > ? {which} "  # noqa: S608
            "ORDER BY number LIMIT 200",
            last,
        ):
            last = part[-1][0]
            for number, content, why in part:
                yield number, pickle.loads(content), _text(why) if why else None  # noqa: S301 - we wrote it ourselves

    def leave_out(self, number: int, why: str) -> None:
        """Record why a file does not count."""
        self._scratch.write("UPDATE file SET why = ? WHERE number = ?", _stored(why), number)

    def count(self, *, counted: bool) -> int:
        """Return how many files count, or do not."""
        return int(self._scratch.one(f"SELECT COUNT(*) FROM file WHERE why IS {'' if counted else 'NOT '}NULL"))  # noqa: S608

    def claim(self, number: int, keys: Iterable[str]) -> None:
        """Record the keys of the units a file has numbers of."""
        self._scratch.write_all("INSERT INTO key VALUES (?, ?)", ((_stored(key), number) for key in keys))

    def contested(self) -> list[tuple[int, Submission]]:
        """Return the files that count so far and share a unit with another that does."""
        rows = self._scratch.rows(
            "SELECT number, content FROM file WHERE why IS NULL AND number IN (SELECT number FROM key WHERE key IN "
            "(SELECT key FROM key JOIN file USING (number) WHERE why IS NULL GROUP BY key "
            "HAVING COUNT(DISTINCT number) > 1)) ORDER BY number"
        )
        return [(number, pickle.loads(content)) for number, content in rows]  # noqa: S301 - as above

    def counted_with(self, keys: Sequence[str]) -> list[Submission]:
        """Return the files that count and share one of these keys."""
        query = "SELECT number, content FROM key JOIN file USING (number) WHERE key = ? AND why IS NULL"
        rows = dict(row for key in keys for row in self._scratch.rows(query, _stored(key)))
        return [pickle.loads(content) for _, content in sorted(rows.items())]  # noqa: S301 - as above


def _stored(text: str) -> bytes:
    """Return a text as it is stored: names of files may hold halves of characters, which SQLite takes for no text."""
    return text.encode("utf-8", "surrogatepass")


def _text(stored: bytes) -> str:
    return stored.decode("utf-8", "surrogatepass")
