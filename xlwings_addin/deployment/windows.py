"""The add-in in Excel on Windows: one file where Excel starts from, one that tells it which Python to run."""

from __future__ import annotations

import ntpath
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gongkai.files import OutputError, write_whole
from xlwings_addin.deployment import InstallError

XLAM = Path(__file__).parents[1] / "gongkai.xlam"
INTERPRETER = "INTERPRETER_WIN"
_FOLDERS = ("LOCALAPPDATA", "APPDATA", "USERPROFILE", "ProgramFiles")
"""Folders whose names xlwings expands, the longest first where one lies in the other."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where one user's add-in and its configuration lie."""

    xlam: Path
    conf: Path


def places(environ: Mapping[str, str]) -> Places:
    """Return where Excel looks for both."""
    missing = [name for name in ("APPDATA", "USERPROFILE") if not environ.get(name)]
    if missing:
        raise InstallError(f"没有环境变量 {'、'.join(missing)}，不知道用户文件夹在哪里。请登录 Windows 桌面后再运行。")
    return Places(
        xlam=Path(environ["APPDATA"], "Microsoft", "Excel", "XLSTART", XLAM.name),
        conf=Path(environ["USERPROFILE"], ".gongkai", "gongkai.conf"),
    )


def is_store_python(base: str) -> bool:
    """Tell whether this is the Microsoft Store's Python, whose writes below AppData nobody else gets to see."""
    return "\\windowsapps\\" in f"{base}\\".lower()


def install(
    environ: Mapping[str, str],
    executable: str,
    *,
    base: str = sys.base_prefix,
    encoding: str = "mbcs",
    short: Callable[[str], str | None] | None = None,
    source: Path | None = None,
) -> list[str]:
    """Put both files in place and return what was done. What is there already stays as it is."""
    target, source = places(environ), source or XLAM
    if is_store_python(base):
        raise InstallError(
            "本程序装在 Microsoft Store 版的 Python 里，它写到用户文件夹的文件 Excel 看不到。"
            "请改用 python.org 的 64 位安装包（或 install.ps1 的 -Python 参数），重新安装后再运行。"
        )
    if not source.is_file():
        raise InstallError(f"程序里没有加载项文件 {source.name}，安装包不完整。请重新安装 gongkai。")
    if not is_written(str(target.conf), encoding):
        raise InstallError(
            f"用户文件夹 {environ['USERPROFILE']} 的名字里有 Windows 当前系统区域写不出的字，Excel 的宏打不开里面的文件。"
            "请信息技术人员把“非 Unicode 程序的语言”设为相应语言，或换一个用户。"
        )
    value = interpreter(executable, environ, encoding, short or short_path)
    settings = {INTERPRETER: value, "ADD_WORKBOOK_TO_PYTHONPATH": "False", "SHOW CONSOLE": "False"}
    xlam = source.read_bytes()
    conf = configured(_content(target.conf), settings, encoding)
    done = []
    for path, data, what in ((target.xlam, xlam, "加载项"), (target.conf, conf, "配置")):
        if _content(path) == data:
            done.append(f"{what}已是最新：{path}")
            continue
        _put(path, data)
        done.append(f"已写入{what}：{path}")
    return done


def uninstall(environ: Mapping[str, str]) -> list[str]:
    """Take away what ``install`` has written, and nothing else; return what was done."""
    target = places(environ)
    done = []
    if target.xlam.exists():
        _remove(target.xlam)
        done.append(f"已删除加载项：{target.xlam}")
    before = _content(target.conf)
    if before is not None:
        rest = configured(before, {}, "ascii")
        if rest:
            _put(target.conf, rest)
            done.append(f"已从配置中去掉本程序的设置，其他设置保留：{target.conf}")
        else:
            _remove(target.conf)
            done.append(f"已删除配置：{target.conf}")
    if target.conf.parent.is_dir() and not any(target.conf.parent.iterdir()):
        target.conf.parent.rmdir()
    return done or ["没有安装过加载项，不需要删除。"]


OURS = (INTERPRETER, "ADD_WORKBOOK_TO_PYTHONPATH", "SHOW CONSOLE")


def configured(before: bytes | None, settings: Mapping[str, str], encoding: str) -> bytes:
    """Return xlwings' configuration file with our settings in place of earlier ones; other lines stay, byte by byte."""
    kept = [line for line in (before or b"").splitlines() if line.strip() and _key(line) not in OURS]
    ours = [f'"{key}","{value}"'.encode(encoding) for key, value in settings.items()]
    return b"".join(line + b"\r\n" for line in (*ours, *kept))


def setting(conf: bytes, key: str, encoding: str) -> str | None:
    """Return one setting of a configuration file, or None."""
    for line in conf.splitlines():
        if _key(line) == key:
            return line.partition(b",")[2].strip().strip(b'"').decode(encoding, "replace")
    return None


def _key(line: bytes) -> str:
    return line.partition(b",")[0].strip().strip(b'"').decode("ascii", "replace").upper()


def interpreter(executable: str, environ: Mapping[str, str], encoding: str, short: Callable[[str], str | None]) -> str:
    """Return the path of Python as a macro can read it from a file of one byte per letter, and open it.

    A Chinese user name is left to Windows to fill in where it can be, and else written as Windows' short name.
    """
    folder, name = ntpath.split(executable)
    if name.lower() == "pythonw.exe":  # xlwings reports what Python prints
        executable = ntpath.join(folder, "python.exe")
    if executable.isascii():
        return executable
    if is_written(executable, encoding):
        for variable in _FOLDERS:
            start = environ.get(variable, "").rstrip("\\")
            if start and executable.lower().startswith(start.lower() + "\\"):
                rest = executable[len(start) :]
                if rest.isascii():
                    return f"%{variable}%{rest}"
    brief = short(executable)
    if brief and brief.isascii():
        return brief
    if is_written(executable, encoding):
        return executable
    raise InstallError(
        f"Python 的路径 {executable} 里有 Windows 当前系统区域写不出的字，Excel 的宏打不开它。"
        "请把 Python 装到只有英文字母的文件夹（如 C:\\gongkai），再重新安装。"
    )


def expanded(value: str, environ: Mapping[str, str]) -> str:
    """Return a setting as xlwings sees it, with the folders' names filled in."""
    for name, folder in environ.items():
        start = value.lower().find(f"%{name.lower()}%")
        if start >= 0:
            value = value[:start] + folder + value[start + len(name) + 2 :]
    return value


def is_written(text: str, encoding: str) -> bool:
    """Tell whether a code page has every letter of a text."""
    try:
        # Windows replaces what it cannot write by something similar, so it has to come back the same.
        return text.encode(encoding).decode(encoding) == text
    except UnicodeError:
        return False


def short_path(path: str) -> str | None:
    """Return a path's short form (8.3), or None where Windows keeps none."""
    if sys.platform != "win32":
        return None
    import ctypes  # noqa: PLC0415 - of use on Windows only

    buffer = ctypes.create_unicode_buffer(1024)
    length = ctypes.windll.kernel32.GetShortPathNameW(path, buffer, len(buffer))
    return buffer.value if 0 < length < len(buffer) else None


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise InstallError(_in_the_way(path)) from error


def _put(path: Path, data: bytes) -> None:
    try:
        write_whole(path, data)
    except OutputError as error:
        if isinstance(error.__cause__, PermissionError):
            raise InstallError(_in_the_way(path)) from error
        raise InstallError(str(error)) from error
    if _content(path) != data:
        raise InstallError(
            f"{path} 刚写好就被删除或改动了，多半是安全软件隔离了它。请信息技术人员把这个文件加入信任名单，再运行一次。"
        )


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except OSError as error:
        raise InstallError(_in_the_way(path)) from error


def _in_the_way(path: Path) -> str:
    return (
        f"无法改动 {path}：Excel 正开着它，或没有权限。请关闭全部 Excel 窗口后再运行一次；"
        "仍然不行的，请信息技术人员检查这个文件夹的权限。"
    )
