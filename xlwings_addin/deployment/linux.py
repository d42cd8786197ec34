"""The extension in LibreOffice on Linux, put there and taken away by LibreOffice's own ``unopkg``."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from xlwings_addin.deployment import InstallError, programs
from xlwings_addin.extension import FILE_NAME, IDENTIFIER

SECONDS = 180.0

ROOT = "不能用 root 身份安装 LibreOffice 扩展（扩展属于每个用户自己）。请用平时填表的用户登录，不加 sudo 再运行一次。"
NO_OFFICE = "没有找到 LibreOffice 的 unopkg。请信息技术人员安装 LibreOffice（Debian/Ubuntu：apt-get install libreoffice-calc libreoffice-script-provider-python），再运行一次。"


@dataclass(frozen=True, slots=True)
class Unopkg:
    """LibreOffice's installer of extensions, as one user calls it."""

    path: str | None
    root: bool
    run: programs.Runner = programs.run

    def install(self, extension: bytes) -> None:
        """Put the extension in place of any earlier version of it."""
        self._ready()
        # Readable by us alone: nobody may change the file between our writing and LibreOffice's reading.
        with tempfile.TemporaryDirectory(prefix="gongkai-") as folder:
            file = Path(folder, FILE_NAME)
            file.write_bytes(extension)
            self._call("安装", "add", "--force", "--suppress-license", str(file))
        if self.installed() is None:
            raise InstallError("unopkg 说装好了，扩展却不在列表里。请关闭 LibreOffice 后再运行一次。")

    def uninstall(self) -> bool:
        """Take the extension away; tell whether there was one."""
        self._ready()
        if self.installed() is None:
            return False
        self._call("删除", "remove", IDENTIFIER)
        return True

    def installed(self) -> str | None:
        """Return the version of the extension that is installed, or None."""
        return version_in(self._call("查询", "list"))

    def _ready(self) -> None:
        if self.path is None:
            raise InstallError(NO_OFFICE)
        if self.root:
            raise InstallError(ROOT)

    def _call(self, what: str, *arguments: str) -> str:
        outcome = self.run([self.path or "unopkg", *arguments], SECONDS)
        if outcome.code == 0:
            return outcome.text
        if outcome.code is None and not outcome.text:
            raise InstallError(f"unopkg {SECONDS:.0f} 秒没有完成{what}。请先关闭 LibreOffice 的全部窗口，再运行一次。")
        said = " ".join(outcome.text.split())
        if "lock file" in said.lower():
            raise InstallError(
                f"LibreOffice 正在运行，unopkg 不能{what}扩展。请先关闭 LibreOffice 的全部窗口，再运行一次。"
            )
        raise InstallError(
            f"unopkg 没有完成{what}。请先关闭 LibreOffice，再运行一次；仍然不行的，请把下面的话告诉信息技术人员：{said}"
        )


def version_in(listing: str) -> str | None:
    """Return the version of our extension in what ``unopkg list`` prints, or None."""
    found = re.search(rf"^Identifier: {re.escape(IDENTIFIER)}\s*\n\s*Version: *(\S*)", listing, re.MULTILINE)
    return found[1] if found else None
