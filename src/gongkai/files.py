"""Finding the files people hand in, and writing ours so that nothing is ever half-written."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

WORKBOOKS = frozenset((".xlsx", ".xlsm", ".xls", ".et", ".xltx", ".xltm", ".ett", ".xlt"))
MISTAKEN = frozenset(
    (
        ".xlsb",
        ".ods",
        ".csv",
        ".tsv",
        ".doc",
        ".docx",
        ".wps",
        ".wpt",
        ".rtf",
        ".odt",
        ".pdf",
        ".ofd",
        ".zip",
        ".rar",
        ".7z",
    )
)
"""What clerks send instead of a workbook. It is named in the result, so that nobody's report is overlooked."""


class OutputError(Exception):
    """An output that cannot be written; the text says, in Chinese, which and what to do."""


def collect(paths: Iterable[Path], leave_out: Iterable[Path] = ()) -> tuple[list[Path], list[Path]]:
    """Return (files to read, paths that do not exist).

    A file that is named is taken as it is; a folder is searched to the bottom for workbooks, in the order of their
    names, without following links to folders. ``leave_out`` are files and folders that this very run writes to.
    """
    found: dict[Path, Path] = {}
    missing = []
    excluded = {_identity(path) for path in leave_out}
    for path in paths:
        if not path.exists():
            missing.append(path)
        for file in _below(path) if path.is_dir() else [path] * path.exists():
            identity = _identity(file)
            if not excluded & {identity, *identity.parents}:
                found.setdefault(identity, file)
    return list(found.values()), missing


def _identity(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # a loop of links
        return path.absolute()


def _below(folder: Path) -> Iterator[Path]:
    for directory, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            # ~$ and .~lock are left behind by open spreadsheet programs
            if not name.startswith(("~$", ".")) and Path(name).suffix.lower() in WORKBOOKS | MISTAKEN:
                yield Path(directory, name)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file aside, then put it in place in one step; raise ``OutputError`` when that is not possible."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(prefix=".gongkai-", suffix=path.suffix, dir=path.parent)
    except OSError as error:
        raise OutputError(_why(path, error)) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(aside).chmod(_mode(path))
        Path(aside).replace(path)
    except OSError as error:
        raise OutputError(_why(path, error)) from error
    finally:
        Path(aside).unlink(missing_ok=True)


def _mode(path: Path) -> int:
    """Return the permissions of the file that is replaced, or what a new file would get."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _why(path: Path, error: OSError) -> str:
    if isinstance(error, PermissionError):
        return f"无法写入 {path}：没有写入权限，或文件正在 Excel 等程序中打开。请关闭后再试，或换一个位置。"
    if isinstance(error, FileExistsError | NotADirectoryError | IsADirectoryError):
        return f"无法写入 {path}：路径中有同名的文件或文件夹。请换一个位置。"
    if error.errno == errno.ENOSPC:
        return f"无法写入 {path}：磁盘空间不足。原有文件没有改动，请腾出空间后再试。"
    return f"无法写入 {path}：{error.strerror or error}。原有文件没有改动。"
