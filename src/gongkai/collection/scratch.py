"""What is too much for memory: a database in the folder for temporary files, gone when it is not needed any more."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gongkai.files import OutputError

_ELSEWHERE = "请腾出空间，或用环境变量 TMPDIR（Windows 是 TEMP）指定另一个文件夹后再试。"


class Scratch:
    """A database with these tables. Whatever writes to it raises ``OutputError`` when its disk is full."""

    def __init__(self, tables: str) -> None:
        try:
            self._folder = tempfile.TemporaryDirectory(prefix="gongkai-", ignore_cleanup_errors=True)
        except OSError as error:
            raise OutputError(f"没有能写入的临时文件夹：磁盘空间不足，或没有写入权限。{_ELSEWHERE}") from error
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
            folder = Path(self._folder.name).parent
            raise OutputError(f"无法写入临时文件夹 {folder}：磁盘空间不足。{_ELSEWHERE}") from error
