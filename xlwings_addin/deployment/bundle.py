"""A folder from which Windows PCs without a network install the kit, every file of it pinned by its checksum."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from xlwings_addin import extension
from xlwings_addin.deployment import programs, sbom

PYTHONS = ("3.11", "3.12", "3.13")
"""The versions of Python a bundle may be for."""

CHECKOUT = Path(__file__).resolve().parents[2]
LOCK, SUMS, SCRIPT, NOTE = "requirements-windows.lock", "SHA256SUMS.txt", "install.ps1", "说明.txt"
WHEELS = "wheels"
_SECONDS = 1800.0

_NOTE = """\
政务公开年报验证 {version} —— Windows 64 位离线安装包

需要：64 位 Windows 10 以上；Excel 2010 以上；Python {pythons}（python.org 的 64 位安装包，Microsoft Store 版不行）。
不需要联网，不需要管理员权限。每个使用按钮的 Windows 用户各装一次。

安装：关闭 Excel，在本文件夹打开 PowerShell，运行
    powershell -ExecutionPolicy Bypass -File install.ps1
先核对全部文件的校验码（SHA256SUMS.txt），再装到 %LOCALAPPDATA%\\gongkai，最后检查本机的设置，逐条说明缺什么。
找不到 Python 时加 -Python C:\\路径\\python.exe；要装到别处加 -Directory C:\\gongkai。

卸载：powershell -ExecutionPolicy Bypass -File install.ps1 -Uninstall

检查：%LOCALAPPDATA%\\gongkai\\Scripts\\gongkai.exe addin doctor

安全审查：{sbom} 是 CycloneDX 1.6 格式的软件物料清单，列出全部组件的版本、许可证、SHA-256 和相互依赖。
{linux}"""
_FOR_LINUX = """
Linux 电脑上的 LibreOffice：用平时填表的用户（不是 root）运行 unopkg add --force --suppress-license gongkai.oxt，再重新打开 LibreOffice。
"""


class BundleError(Exception):
    """The bundle cannot be made; the text says, in Chinese, why and what to do."""


def build(
    folder: Path, pythons: Sequence[str] = PYTHONS, *, checkout: Path = CHECKOUT, run: programs.Runner = programs.run
) -> list[str]:
    """Make the bundle and return what is in it; the folder appears whole, or not at all."""
    if not ((checkout / "pyproject.toml").is_file() and (checkout / LOCK).is_file()):
        raise BundleError(
            f"离线安装包要在源代码目录里制作（需要 pyproject.toml 和 {LOCK}），这里装的是成品。"
            "请取得源代码，按 README 建立环境后再运行。"
        )
    _expect_ours(folder)
    try:
        folder.absolute().parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".gongkai-", dir=folder.absolute().parent) as place:
            made = Path(place, "bundle")
            said = _fill(made, pythons, checkout, run)
            _replace(folder, made, Path(place, "earlier"))
    except OSError as error:
        raise BundleError(
            f"无法写入 {folder}：{error.strerror or error}。请换一个位置，或检查权限和磁盘空间。"
        ) from error
    return said


def _expect_ours(folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()) and not (folder / SUMS).is_file():
        raise BundleError(f"{folder} 里已有其他文件。请给一个空的或新的目录。")
    if folder.exists() and not folder.is_dir():
        raise BundleError(f"{folder} 是一个文件。请给一个空的或新的目录。")


def _fill(made: Path, pythons: Sequence[str], checkout: Path, run: programs.Runner) -> list[str]:
    wheels = made / WHEELS
    wheels.mkdir(parents=True)
    for python in pythons:
        target = ["--platform", "win_amd64", "--implementation", "cp", "--python-version", python]
        safe = ["--require-hashes", "--only-binary", ":all:", "--no-deps"]
        _pip(run, f"Python {python} 的组件没有下载完。请检查网络和 pip 的软件包源（pip config list）后重试。",
             "download", *safe, *target, "--dest", str(wheels), "--requirement", str(checkout / LOCK))  # fmt: skip
    # The build backend that is here is as pinned as everything else; without it pip fetches one.
    here = ["--no-build-isolation"] if importlib.util.find_spec("hatchling") else []
    _pip(run, "本程序自己没有打包成功。", "wheel", "--no-deps", *here, "--wheel-dir", str(wheels), str(checkout))
    ours = next(wheels.glob("gongkai-*.whl"))
    version = ours.name.split("-")[1]
    pin = f"gongkai=={version} \\\n    --hash=sha256:{_digest(ours)}\n"
    (made / LOCK).write_text((checkout / LOCK).read_text("utf-8") + pin, "utf-8", newline="\n")
    shutil.copyfile(Path(__file__).with_name(SCRIPT), made / SCRIPT)
    said = [f"Python {'、'.join(pythons)} 的组件 {len(list(wheels.iterdir()))} 个"]
    linux = _extension(said)
    if linux:
        (made / extension.FILE_NAME).write_bytes(linux)
    note = _NOTE.format(
        version=version, pythons="、".join(pythons), linux=_FOR_LINUX if linux else "", sbom=sbom.FILE_NAME
    )
    (made / NOTE).write_text(note, "utf-8-sig", newline="\r\n")  # as Windows' Notepad of every age reads it
    said.append(f"组件清单 {sbom.FILE_NAME}：{sbom.write(made)} 个软件包")
    _sum(made)
    return said


def _extension(said: list[str]) -> bytes | None:
    """Return LibreOffice's extension; without it the bundle still serves Windows, which is what it is for."""
    try:
        data = extension.build()
    except extension.BuildError as error:
        said.append(f"没有附上 LibreOffice 扩展 {extension.FILE_NAME}：{error}")
        return None
    said.append(f"LibreOffice 扩展 {extension.FILE_NAME}")
    return data


def _sum(made: Path) -> None:
    files = sorted(path for path in made.rglob("*") if path.is_file())
    lines = [f"{_digest(path)}  {path.relative_to(made).as_posix()}\n" for path in files]
    (made / SUMS).write_text("".join(lines), "utf-8", newline="\n")


def _replace(folder: Path, made: Path, aside: Path) -> None:
    if folder.exists():
        folder.rename(aside)
    try:
        made.rename(folder)
    except OSError:
        if aside.exists():
            aside.rename(folder)
        raise


def _pip(run: programs.Runner, failure: str, command: str, *arguments: str) -> None:
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
    outcome = run([sys.executable, "-m", "pip", command, *quiet, *arguments], _SECONDS)
    if outcome.code != 0:
        errors = re.findall(r"^(?:ERROR: )?(\S.*)", outcome.text, re.MULTILINE) or [f"{_SECONDS / 60:.0f} 分钟没有完成"]
        raise BundleError(f"{failure}pip 说：{errors[-1].strip()}")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
