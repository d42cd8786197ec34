"""What can keep the button from working in LibreOffice on Linux."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from xlwings_addin.deployment import InstallError, linux
from xlwings_addin.deployment.facts import OLDEST, Check, Facts
from xlwings_addin.extension import IDENTIFIER

_SECONDS = 60.0
_ASK = "import sys, uno; print(*sys.version_info[:3], sep='.')"


def checks(facts: Facts) -> Iterator[Check]:
    """Return everything that was found, the groundwork first."""
    soffice = facts.find("soffice")
    yield _office(facts, soffice)
    if soffice is None:
        return
    yield _python(facts, soffice)
    yield from _foreign_python(facts)
    unopkg = facts.find("unopkg")
    if unopkg is None:
        yield Check(
            "unopkg", "error",
            "LibreOffice 没有带扩展安装程序 unopkg（Snap、Flatpak 版没有）。请信息技术人员安装完整的 LibreOffice（Debian/Ubuntu：apt-get install libreoffice-core）。",
        )  # fmt: skip
        return
    yield Check("unopkg", "ok", f"{unopkg}。")
    if facts.root:
        yield Check("用户", "error", linux.ROOT)
        return
    yield _extension(facts, linux.Unopkg(unopkg, facts.root, facts.run))


def _office(facts: Facts, soffice: str | None) -> Check:
    if soffice is None:
        return Check("LibreOffice", "error", linux.NO_OFFICE)
    outcome = facts.run([soffice, "--version"], _SECONDS)
    if outcome.code != 0:
        return Check("LibreOffice", "error", f"{soffice} 不能运行。请信息技术人员修复或重新安装 LibreOffice。")
    words = outcome.text.split()
    return Check("LibreOffice", "ok", f"版本 {words[1] if len(words) > 1 else outcome.text.strip()}（{soffice}）。")


def _python(facts: Facts, soffice: str) -> Check:
    """Look at the Python that runs the extension: LibreOffice's own, or the system's."""
    own = Path(soffice).resolve().with_name("python")
    for python in (*([str(own)] if own.is_file() else []), "/usr/bin/python3"):
        outcome = facts.run([python, "-c", _ASK], _SECONDS)
        if outcome.code == 0:
            version = outcome.text.strip()
            if tuple(int(part) for part in version.split(".")) < OLDEST:
                return Check(
                    "LibreOffice 的 Python", "error",
                    f"{python} 是 {version}，扩展需要 3.11 以上。请信息技术人员改用系统软件源里的 LibreOffice，并把系统升级到带有 Python 3.11 以上的版本（如 Debian 12、Ubuntu 24.04）；在此之前，请用命令 gongkai validate 校验文件。",
                )  # fmt: skip
            return Check("LibreOffice 的 Python", "ok", f"{python}，版本 {version}。")
    return Check(
        "LibreOffice 的 Python", "error",
        "LibreOffice 不能运行 Python 扩展。请信息技术人员安装 python3-uno 和 libreoffice-script-provider-python（Debian/Ubuntu：apt-get install python3-uno libreoffice-script-provider-python）。",
    )  # fmt: skip


def _foreign_python(facts: Facts) -> Iterator[Check]:
    """Look for a Python before the system's: LibreOffice 7.4 looks beside the first one for its library, and aborts."""
    first = shutil.which("python3", path=facts.environ.get("PATH", ""))
    if first and Path(first).resolve().parent not in (Path("/usr/bin"), Path("/bin")):
        yield Check(
            "PATH 中的 Python", "warning",
            f"PATH 中第一个 python3 是 {first}，不是系统的。从这样的终端启动，LibreOffice 装入扩展时可能立即退出。请从桌面菜单启动 LibreOffice，或在终端里用 PATH=/usr/bin:/bin soffice 启动。",
        )  # fmt: skip


def _extension(facts: Facts, unopkg: linux.Unopkg) -> Check:
    try:
        version = unopkg.installed()
    except InstallError as error:
        return Check("扩展", "error", str(error))
    if version is None:
        return Check("扩展", "error", f"没有安装（{IDENTIFIER}）。请运行 gongkai addin install。")
    if version != facts.version:
        return Check(
            "扩展", "error", f"装的是 {version}，本程序是 {facts.version}。请运行 gongkai addin install 换成同一版本。"
        )
    return Check("扩展", "ok", f"已安装，版本 {version}。")
