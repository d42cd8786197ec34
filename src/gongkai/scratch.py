"""What is too much for memory: files and a database in a folder for temporary files, gone when nobody needs them."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gongkai.files import OutputError, sweep

_ELSEWHERE = "请腾出空间，或用环境变量 TMPDIR（Windows 是 TEMP）指定另一个文件夹后再试。"


def temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """Return a folder that goes when nobody holds it; what a killed run left there goes now. Raises ``OutputError``."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="gongkai-", suffix=".tmp", ignore_cleanup_errors=True)
    except OSError as error:
        raise OutputError(f"没有能写入的临时文件夹：磁盘空间不足，或没有写入权限。{_ELSEWHERE}") from error
    sweep(Path(folder.name), "gongkai-*.tmp")
    return folder


@contextmanager
def blaming_temporary() -> Iterator[None]:
    """Tell what fails meanwhile as an ``OutputError`` about temporary files, if it is their disk that is full."""
    try:
        yield
    except Exception as error:
        try:
            with tempfile.TemporaryFile() as file:
                file.write(bytes(_ROOM))
        except OSError:
            raise OutputError(_full()) from error
        raise


_ROOM = 64 * 1024
"""Bytes; a disk that has so much left is not full."""


def _full() -> str:
    return f"无法写入临时文件夹 {tempfile.gettempdir()}：磁盘空间不足。{_ELSEWHERE}"


class Scratch:
    """A database with these tables. Whatever uses it raises ``OutputError`` when its disk is full."""

    def __init__(self, tables: str) -> None:
        self._folder = temporary_folder()
        self._database = sqlite3.connect(Path(self._folder.name, "run.sqlite"), isolation_level=None)
        with self._room():
            self._database.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-4096;")
            self._database.executescript(tables)

    def write(self, query: str, *values: object) -> None:
        """Change something."""
        with self._room():
            self._database.execute(query, values)

    def write_all(self, query: str, rows: Iterable[tuple[object, ...]]) -> None:
        """Change something for every row."""
        with self._room():
            self._database.executemany(query, rows)

    def rows(self, query: str, *values: object) -> list[Any]:
        """Return the rows of a query."""
        with self._room():  # what is sorted may need room, too
            return self._database.execute(query, values).fetchall()

    def one(self, query: str, *values: object) -> Any:  # noqa: ANN401 - whatever the query is about
        """Return the one value of a query."""
        return self.rows(query, *values)[0][0]

    def close(self) -> None:
        """Forget everything."""
        self._database.close()
        self._folder.cleanup()

    @contextmanager
    def _room(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise OutputError(_full()) from error
