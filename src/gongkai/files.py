"""Finding the files people hand in, and writing ours so that nothing is ever half-written."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
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
    """Yield (identity, path) of the workbooks in a folder and below it, however deep that is."""
    closed: list[tuple[str, str]] = []
    folders = [] if _is_in(excluded, _identity(top)) else [(_identity(top), str(top))]
    while folders:
        home, folder = folders.pop()
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError:
            closed.append((home, folder))
            continue
        copies = copies_in(Path(folder))
        below: list[tuple[str, str]] = []
        for entry in entries:
            linked = entry.is_symlink()
            identity = _identity(entry.path) if linked else os.path.normcase(os.path.join(home, entry.name))  # noqa: PTH118 - Path takes ten times as long
            if entry.name.startswith(".") or identity in excluded:
                continue
            if os.path.isdir(entry.path) if linked else entry.is_dir():  # noqa: PTH112 - entry.is_dir raises for a link to itself
                below += [] if linked else [(identity, entry.path)]
                continue
            path = Path(entry.path)
            # ~$ and .~lock are left behind by open spreadsheet programs
            if entry.name.startswith("~$") or path.suffix.lower() not in WORKBOOKS | MISTAKEN:
                continue
            if not (copies and _digest(path) in copies):
                yield identity, str(path)
        folders += reversed(below)
    yield from closed


def outside(folder: Path | None, paths: Iterable[Path]) -> list[Path]:
    """Return a folder of outputs, to be left out of a search of ``paths``, unless it is what is to be searched."""
    if folder is None or any(folder.resolve() in (path.resolve(), *path.resolve().parents) for path in paths):
        return []
    return [folder]


# --- copies that go back to those who filed, and must not be taken for what they file

EARLIER = "以前的"
_COPIES = ".gongkai-退回"
"""Lists, in a folder of copies, the SHA-256 of each. A copy somebody corrected is no copy any more, so it counts."""
_SHA256 = re.compile(rb"[0-9a-f]{64}")


def copies_in(folder: Path) -> frozenset[str]:
    """Return the SHA-256 of the copies we ever wrote into a folder."""
    try:
        return frozenset(digest.decode() for digest in _SHA256.findall((folder / _COPIES).read_bytes()))
    except OSError:
        return frozenset()


def set_aside(folder: Path, written: Container[str]) -> int:
    """Move our copies of earlier runs that nobody changed, all but the files just written, into a folder below.

    Whoever sends them on would send what is no longer true. Returns how many there were.
    """
    copies, moved = copies_in(folder), 0
    with blaming(folder):
        present = sorted(folder.iterdir()) if copies else []
    for path in present:
        if path.name in written or not path.is_file() or (digest := _digest(path)) not in copies:
            continue
        with blaming(path):
            _remember(folder / EARLIER, digest)
            path.replace(folder / EARLIER / path.name)
        moved += 1
    return moved


def write_copy(path: Path, data: bytes) -> None:
    """Write a copy that a later run does not take for a submission as long as nobody changes it."""
    with blaming(path):
        _remember(path.parent, hashlib.sha256(data).hexdigest())
    write_whole(path, data)


def _remember(folder: Path, digest: str) -> None:
    """List a copy before it is there; a line that a crash cut off spoils no other."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _COPIES).open("a", encoding="ascii") as known:
        known.write(f"\n{digest}")
        known.flush()
        os.fsync(known.fileno())  # after a power cut the copy is there; without its line it would count


def _digest(path: Path) -> str:
    try:
        if not path.is_file():  # whoever opens a pipe waits until somebody writes to it
            return ""
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


# --- writing


def check_writable(path: Path) -> None:
    """Raise ``OutputError`` where what stands at a path must not be replaced: sooner rather than after the work.

    That is a file that is read-only or open in Excel, and whatever is no file. A link is not followed, for it may lead
    to what somebody handed in, nor replaced, for then whoever reads the file behind it would go on reading old numbers.
    """
    with blaming(path), suppress(FileNotFoundError):
        kind = path.lstat().st_mode
        if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
            raise OutputError(f"无法写入 {path}：它是链接、管道或设备，不是普通文件。请换一个文件名。")
        with path.open("r+b"):
            pass


def write_whole(path: Path, data: bytes) -> None:
    """Write a file aside, then put it in place in one step; raise ``OutputError`` when that is not possible."""
    with replacing(path) as (aside,):
        aside.write_bytes(data)


_RESERVE = 16 * 1024
"""Bytes. A writer that runs out of room still closes its file, and complains where nobody can catch it if that fails."""


@contextmanager
def replacing(*paths: Path) -> Iterator[list[Path]]:
    """Yield a file beside each path to write to; they take the places of ``paths`` when all went well.

    Whatever happens, each path has its old file, its new one, or none, and several never have some of each. Raises
    ``OutputError`` when that is not possible.
    """
    asides: list[Path] = []
    try:
        for path in paths:
            with blaming(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                handle, name = tempfile.mkstemp(prefix=".gongkai-", suffix=".tmp", dir=path.parent)
                asides.append(Path(name))
                with os.fdopen(handle, "wb") as file:
                    file.write(bytes(_RESERVE))
        with blaming(paths[0]):
            yield asides
        for path, aside in zip(paths, asides, strict=True):
            with blaming(path):
                with aside.open("rb+") as file:
                    os.fsync(file.fileno())
                with suppress(PermissionError):  # a USB stick may have no permissions to set
                    aside.chmod(_mode(path))
        for path in paths:  # somebody may have opened one meanwhile
            check_writable(path)
        _put_in_place(dict(zip(paths, asides, strict=True)))
    finally:
        for aside in asides:
            with suppress(OSError):  # gives whoever still has it open the room to close it
                os.truncate(aside, 0)
            with suppress(OSError):
                aside.unlink()


def _put_in_place(moves: Mapping[Path, Path]) -> None:
    """Let new files take the places of old ones. Of several all old ones leave before the first new one comes.

    A kill in between leaves gaps, which everybody sees, and not a workbook of one run beside the numbers of another.
    """
    left: dict[Path, Path] = {}
    came: list[Path] = []
    several = len(moves) > 1
    try:
        for path, new in moves.items() if several else ():
            left[path] = new.with_suffix(".old.tmp")
            with blaming(path), suppress(FileNotFoundError):
                path.replace(left[path])
        for path, new in moves.items():
            came.append(path)
            with blaming(path):
                new.replace(path)
    except BaseException:
        for path in came if several else ():
            with suppress(OSError):
                path.unlink()
        for path, old in left.items():
            with suppress(OSError):
                old.replace(path)
        raise
    for old in left.values():
        with suppress(OSError):
            old.unlink()


_LONGEST_RUN = 24 * 60 * 60
"""Seconds. No run goes on for so long."""


def sweep(fresh: Path, pattern: str = ".gongkai-*.tmp") -> None:
    """Remove what runs that were killed left beside ``fresh``, which we just made; not what a run may be at now."""
    with suppress(OSError):
        now = fresh.stat().st_mtime  # by the clock of this disk, whosever it is
        for path in fresh.parent.glob(pattern):
            is_folder = path.is_dir() and not path.is_symlink()
            parts = path.iterdir() if is_folder else ()
            if now - max(part.lstat().st_mtime for part in (path, *parts)) > _LONGEST_RUN:
                (shutil.rmtree if is_folder else Path.unlink)(path)


@contextmanager
def blaming(path: Path) -> Iterator[None]:
    """Tell what the disk refuses meanwhile as an ``OutputError`` about this file."""
    try:
        yield
    except OSError as error:
        raise OutputError(_why(path, error)) from error
    except OutputError:
        raise
    except Exception as error:  # a writer may wrap what the disk told it, as XlsxWriter does
        if isinstance(error.__context__, OSError):
            raise OutputError(_why(path, error.__context__)) from error
        raise


def _mode(path: Path) -> int:
    """Return the permissions of the file that is replaced, or what a new file would get."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
"""The disk, the largest file it takes, or what the user may fill of it. Windows knows no quota by number."""


def _why(path: Path, error: OSError) -> str:
    if isinstance(error, PermissionError):
        why = "没有写入权限，或文件正在 Excel 等程序中打开。请关闭后再试，或换一个位置。"
    elif isinstance(error, FileExistsError | NotADirectoryError | IsADirectoryError):
        why = "路径中有同名的文件或文件夹。请换一个位置。"
    elif isinstance(error, FileNotFoundError):
        why = "所在的文件夹不见了，可能被移走、改名，或网络断开了。请检查后再试。"
    elif error.errno == errno.ENAMETOOLONG:
        why = "名称太长。请改短。"
    elif error.errno == errno.EROFS:
        why = "这个磁盘或文件夹是只读的。请换一个位置。"
    elif error.errno in FULL:
        why = "磁盘空间不足。原有文件没有改动，请腾出空间后再试。"
    else:
        why = f"{error.strerror or error}。原有文件没有改动。"
    return f"无法写入 {path}：{why}"
