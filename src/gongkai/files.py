"""Finding the files people hand in, and writing ours so that nothing is ever half-written."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import overload

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


class Found(Sequence[Path]):
    """The files of a run. Thirty thousand paths take thirty megabytes, their names five."""

    def __init__(self, names: list[str]) -> None:
        self.names = names

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, index: int) -> Path: ...
    @overload
    def __getitem__(self, index: slice) -> Found: ...
    def __getitem__(self, index: int | slice) -> Path | Found:
        return Found(self.names[index]) if isinstance(index, slice) else Path(self.names[index])


def collect(paths: Iterable[Path], leave_out: Iterable[Path] = ()) -> tuple[Found, list[Path]]:
    """Return (files to read, paths that do not exist).

    A file that is named is taken as it is; a folder is searched to the bottom for workbooks, in the order of their
    names, without following links to folders. A folder that cannot be opened stands among the files, so that it is
    named as one. ``leave_out`` are files and folders that this very run writes to.
    """
    names: list[str] = []
    known: set[bytes] = set()
    missing = []

    def enter(identity: str, name: str) -> None:
        key = hashlib.blake2b(os.fsencode(identity), digest_size=16).digest()  # a third of the memory
        if key not in known:
            known.add(key)
            names.append(name)

    excluded = {_identity(path) for path in leave_out}
    for path in paths:
        if not os.path.exists(path):  # noqa: PTH110 - Path.exists raises where it is not allowed to look
            missing.append(path)
        elif os.path.isdir(path):  # noqa: PTH112 - as above
            for identity, file in _below(path, excluded):
                enter(identity, file)
        elif not _is_in(excluded, _identity(path)):
            enter(_identity(path), str(path))
    return Found(names), missing


def _identity(path: Path | str) -> str:
    return os.path.normcase(os.path.realpath(path))


def _is_in(places: set[str], identity: str) -> bool:
    """Tell whether a path is one of the places, or below one."""
    return bool(places and places & {identity, *map(str, Path(identity).parents)})


def _below(top: Path, excluded: set[str]) -> Iterator[tuple[str, str]]:
    """Yield (identity, path) of the workbooks in a folder and below it."""
    closed: list[str] = []
    for folder, folders, names in os.walk(top, onerror=lambda error: closed.append(str(error.filename))):
        home = _identity(folder)
        if _is_in(excluded, home):
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        copies = copies_in(Path(folder))
        for name in sorted(names):
            path = Path(folder, name)
            # ~$ and .~lock are left behind by open spreadsheet programs
            if name.startswith(("~$", ".")) or path.suffix.lower() not in WORKBOOKS | MISTAKEN:
                continue
            linked = os.path.islink(path)  # noqa: PTH114 - as above
            identity = _identity(path) if linked else os.path.normcase(Path(home, name))
            if identity not in excluded and not (copies and _digest(path) in copies):
                yield identity, str(path)
    yield from ((_identity(folder), folder) for folder in closed)


def outside(folder: Path | None, paths: Iterable[Path]) -> list[Path]:
    """Return a folder of outputs, to be left out of a search of ``paths``, unless it is what is to be searched."""
    if folder is None or any(folder.resolve() in (path.resolve(), *path.resolve().parents) for path in paths):
        return []
    return [folder]


# --- copies that go back to those who filed, and must not be taken for what they file

EARLIER = "以前的"
_COPIES = ".gongkai-退回"
"""Lists, in a folder of copies, the SHA-256 of each. A copy somebody corrected is no copy any more, so it counts."""


def copies_in(folder: Path) -> frozenset[str]:
    """Return the SHA-256 of the copies we ever wrote into a folder."""
    try:
        return frozenset((folder / _COPIES).read_text("ascii").split())
    except (OSError, ValueError):
        return frozenset()


def set_aside(folder: Path, written: Container[str]) -> int:
    """Move our copies of earlier runs that nobody changed, all but the files just written, into a folder below.

    Whoever sends them on would send what is no longer true. Returns how many there were.
    """
    copies, moved = copies_in(folder), 0
    for path in sorted(folder.iterdir()) if copies else ():
        if path.name not in written and path.is_file() and _digest(path) in copies:
            write_copy(folder / EARLIER / path.name, path.read_bytes())
            path.unlink()
            moved += 1
    return moved


def write_copy(path: Path, data: bytes) -> None:
    """Write a copy that a later run does not take for a submission as long as nobody changes it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with (path.parent / _COPIES).open("a", encoding="ascii") as known:
            known.write(f"\n{hashlib.sha256(data).hexdigest()}")
    except OSError as error:
        raise OutputError(_why(path, error)) from error
    write_whole(path, data)


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


# --- writing


def check_writable(path: Path) -> None:
    """Raise ``OutputError`` where a file that is to be replaced is open in Excel: sooner rather than after the work."""
    try:
        with path.open("r+b"):
            pass
    except FileNotFoundError:
        pass
    except OSError as error:
        raise OutputError(_why(path, error)) from error


def write_whole(path: Path, data: bytes) -> None:
    """Write a file aside, then put it in place in one step; raise ``OutputError`` when that is not possible."""
    with replacing(path) as aside:
        aside.write_bytes(data)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a file beside ``path`` to write to; it takes the place of ``path`` in one step, when all went well.

    Raises ``OutputError`` when that is not possible.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".gongkai-", suffix=path.suffix, dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise OutputError(_why(path, error)) from error
    aside = Path(name)
    try:
        yield aside
        with aside.open("rb+") as file:
            os.fsync(file.fileno())
        aside.chmod(_mode(path))
        aside.replace(path)
    except OSError as error:
        raise OutputError(_why(path, error)) from error
    except Exception as error:  # a writer may wrap what the disk told it, as XlsxWriter does
        if isinstance(error.__context__, OSError):
            raise OutputError(_why(path, error.__context__)) from error
        raise
    finally:
        with suppress(OSError):  # whoever still has it open needs room to close it on a full disk
            os.truncate(aside, 0)
        aside.unlink(missing_ok=True)


def _mode(path: Path) -> int:
    """Return the permissions of the file that is replaced, or what a new file would get."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
"""The disk, the largest file it takes, or what the user may fill of it. Windows knows no quota by number."""


def _why(path: Path, error: OSError) -> str:
    if isinstance(error, PermissionError):
        return f"无法写入 {path}：没有写入权限，或文件正在 Excel 等程序中打开。请关闭后再试，或换一个位置。"
    if isinstance(error, FileExistsError | NotADirectoryError | IsADirectoryError):
        return f"无法写入 {path}：路径中有同名的文件或文件夹。请换一个位置。"
    if error.errno == errno.EROFS:
        return f"无法写入 {path}：这个磁盘或文件夹是只读的。请换一个位置。"
    if error.errno in _FULL:
        return f"无法写入 {path}：磁盘空间不足。原有文件没有改动，请腾出空间后再试。"
    return f"无法写入 {path}：{error.strerror or error}。原有文件没有改动。"
