"""The extension of LibreOffice, ``gongkai.oxt``: the sources in ``oxt``, the modules a click needs, and jsonschema.

The same sources and the same wheels give the same bytes.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import io
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

from gongkai import __version__
from gongkai.edition import resource

FILE_NAME = "gongkai.oxt"
IDENTIFIER = "org.gongkai.button"

_SOURCES = Path(__file__).with_name("oxt")
_LOCK = "vendor.lock"
_DESCRIPTION = "description.xml"
_LICENCE = "licenses/LICENSE"
_ENTRANCES = ("xlwings_addin.button", "xlwings_addin.libreoffice")
"""The modules that the component imports."""
_OURS = ("gongkai", "xlwings_addin")
_LEFT_OUT = ("/tests/", "/benchmarks/", "/cli.py", ".pyi", "/RECORD", "/entry_points.txt")
"""Parts of the wheels that no click needs; a list of installed files would be wrong without them."""
_PINNED = re.compile(r"(\S+)==(\S+) \\\n\s+--hash=sha256:([0-9a-f]{64})")
_PURE = ("--only-binary=:all:", "--platform=any", "--implementation=py", "--abi=none", "--python-version=3.11")
"""The wheels for every platform, whatever there is for this one."""
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o644 << 16


class BuildError(Exception):
    """The extension cannot be built here; the text says, in Chinese, why and what to do."""


def build(wheels: Path | None = None) -> bytes:
    """Return the extension; ``wheels`` is a folder with what ``vendor.lock`` names, ``None`` fetches it with pip."""
    if wheels is not None:
        return _packed(_contents(wheels))
    with tempfile.TemporaryDirectory() as folder:
        _fetch(Path(folder))
        return _packed(_contents(Path(folder)))


def _contents(wheels: Path) -> dict[str, bytes]:
    """Return path in the extension → content."""
    found = {path.relative_to(_SOURCES).as_posix(): path.read_bytes() for path in _files(_SOURCES)}
    found["LICENSE"] = (metadata.distribution("gongkai").read_text(_LICENCE) or "").encode()
    found[_DESCRIPTION] = found[_DESCRIPTION].replace(b"{version}", __version__.encode())
    inside: dict[str, bytes] = {}
    for module in _modules():
        inside[_path(module)] = _source(module).read_bytes()
    for path in _files(resource("schema")):
        inside[f"gongkai/schema/{path.name}"] = path.read_bytes()
    for wheel in _wheels(wheels):
        with zipfile.ZipFile(wheel) as package:
            names = [name for name in package.namelist() if not _left_out(name)]
            inside.update({name: package.read(name) for name in names})
    return found | {f"pythonpath/{name}": content for name, content in inside.items()}


def _packed(contents: Mapping[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as package:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.external_attr, entry.compress_type = _READABLE, zipfile.ZIP_DEFLATED
            package.writestr(entry, contents[name])
    return target.getvalue()


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]


def _left_out(name: str) -> bool:
    return any(part in name or name.endswith(part) for part in _LEFT_OUT)


# --- our own modules


def _modules() -> list[str]:
    """Return the modules of ours that the entrances import when they are imported, and the packages they are in.

    What a function imports when it is called is left out: it serves other programs, or is not ours.
    """
    found: dict[str, None] = {}
    waiting = list(_ENTRANCES)
    while waiting:
        module = waiting.pop()
        if module not in found:
            found[module] = None
            waiting += [module.rpartition(".")[0]] if "." in module else []
            waiting += _imported(module)
    return sorted(found)


def _imported(module: str) -> Iterator[str]:
    for statement in ast.parse(_source(module).read_bytes()).body:
        if isinstance(statement, ast.Import):
            names = [alias.name for alias in statement.names]
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            inner = [f"{statement.module}.{alias.name}" for alias in statement.names]
            names = [statement.module, *(name for name in inner if name.startswith(_OURS) and _find(name))]
        else:
            names = []
        yield from (name for name in names if name.partition(".")[0] in _OURS)


@cache
def _find(module: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:  # a name of a module, and no module
        return None
    return Path(spec.origin) if spec and spec.origin else None


def _source(module: str) -> Path:
    source = _find(module)
    if source is None:
        raise BuildError(f"程序不完整：找不到 {module}。请重新安装 gongkai。")
    return source


def _path(module: str) -> str:
    name = module.replace(".", "/")
    return f"{name}/__init__.py" if _source(module).name == "__init__.py" else f"{name}.py"


# --- what others wrote


def _fetch(folder: Path) -> None:
    """Download the wheels into a folder, with the registry that pip is set to."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--no-input"]
    options = ["--disable-pip-version-check", *_PURE, "--dest", str(folder), "--requirement", str(_SOURCES / _LOCK)]
    try:
        done = subprocess.run([*command, *options], capture_output=True, text=True, errors="replace", check=False)  # noqa: S603 - our own arguments
    except OSError as error:
        raise BuildError(f"不能运行 pip：{error}。请先安装 pip，再重试。") from error
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["没有说明原因"])[-1]
        raise BuildError(
            "LibreOffice 扩展需要的 Python 组件没有下载成功。请检查网络（需要能访问 Python 软件包索引）后重试，"
            f"或把组件放在一个文件夹里再指定它。pip 的说明：{reason}"
        )


def _wheels(folder: Path) -> list[Path]:
    """Return the wheels that the lock names, each with the digest it gives."""
    pinned = _PINNED.findall((_SOURCES / _LOCK).read_text("utf-8"))
    digests = {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in folder.glob("*.whl")}
    if missing := [f"{name} {version}" for name, version, digest in pinned if digest not in digests]:
        raise BuildError(
            f"文件夹 {folder} 里缺少组件 {'、'.join(missing)}，或者其内容与 {_LOCK} 记录的摘要不符。请重新下载。"
        )
    return [digests[digest] for _, _, digest in pinned]
