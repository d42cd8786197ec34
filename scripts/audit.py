"""Review what the kit depends on: ``python scripts/audit.py`` says what it looked at, and what it could not.

Looks at the form of every lock file, fetches the wheels that a bundle for Windows brings (their hashes, licences and
compiled code), asks the registry for newer versions, and asks ``pip-audit`` for known vulnerabilities. A registry that
knows nothing of vulnerabilities answers "none"; so it is first asked about a version that is known to have one.
Exit code: 0 all was looked at and is fine, 1 something is wrong, 2 something could not be looked at.
"""

from __future__ import annotations

import json
import pyexpat
import re
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from importlib import metadata
from pathlib import Path

from xlwings_addin.deployment import bundle, sbom

ROOT = Path(__file__).resolve().parent.parent
VENDORED = "xlwings_addin/oxt/vendor.lock"
SHIPPED = ("requirements.lock", bundle.LOCK, VENDORED)
LOCKS = (*SHIPPED, "requirements-dev.lock")
ALLOWED = (
    "Apache-2.0", "Apache Software License", "BSD-2-Clause", "BSD-3-Clause", "BSD License", "ISC", "MIT", "MPL-2.0",
    "PSF-2.0", "Python Software Foundation License",
    # python-stdnum: a wheel of its own, unchanged and replaceable, as the LGPL asks
    "GNU Lesser General Public License v2 or later (LGPLv2+)",
)  # fmt: skip
"""Licences under which others' work may travel with the kit."""
CANARY = ("pyyaml", "5.3")
"""Has PYSEC-2021-142 (CVE-2020-14343), known since 2021."""
OUTSIDERS = {"expat": pyexpat.EXPAT_VERSION.removeprefix("expat_"), "zlib": zlib.ZLIB_RUNTIME_VERSION}
"""What parses strangers' files and comes with Python; of the packages, xlrd does (old .xls)."""

_PIN = re.compile(r"([a-z0-9][a-z0-9.-]*)==([^\s;]+)(?: ; [^\\]+)? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)")
_COMPILED = (".pyd", ".dll", ".exe", ".so")
_SECONDS = 900

Run = Callable[[list[str]], tuple[int, str]]
"""Runs a module of Python's with arguments; returns its exit code and what it printed."""


def run(arguments: list[str]) -> tuple[int, str]:
    """Run a module and return its exit code and its output, or why there is none."""
    try:
        command = [sys.executable, "-m", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        return 1, f"{_SECONDS} 秒没有完成"
    return done.returncode, done.stdout if done.stdout.strip() else done.stderr


def pins(text: str) -> dict[str, str]:
    """Return name → version of what a lock pins."""
    return {name: version for name, version, _ in _PIN.findall(text)}


def misshapen(text: str) -> list[str]:
    """Return the lines of a lock that are no pin with hashes, or that name an address."""
    body = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
    rest = _PIN.sub("", body).splitlines()
    return list(dict.fromkeys([*filter(str.strip, rest), *(line for line in body.splitlines() if "://" in line)]))


def not_allowed(licence: str | None) -> bool:
    """Tell whether a licence, or one of those it is made of, is not on the list."""
    parts = re.split(r" (?:OR|AND) ", licence or "")
    return licence not in ALLOWED and any(part.strip("() ") not in ALLOWED for part in parts)


class Review:
    """What was found: ``wrong`` is to be repaired, ``unseen`` could not be looked at."""

    def __init__(self, runs: Run = run) -> None:
        self.run = runs
        self.wrong: list[str] = []
        self.unseen: list[str] = []

    def forms(self) -> None:
        """Look at the lock files themselves."""
        for name in LOCKS:
            text = (ROOT / name).read_text("utf-8")
            odd = misshapen(text)
            say(f"{name}：{len(pins(text))} 个软件包，" + ("形式不对" if odd else "全部锁定版本和 SHA-256，没有网址"))
            self.wrong += [f"{name}：“{line}”不是锁定版本加摘要" for line in odd]

    def wheels(self) -> None:
        """Fetch what goes to Windows, every hash checked, and look at its licences and its compiled code."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for python in bundle.PYTHONS:
                target = ["--platform", "win_amd64", "--implementation", "cp", "--python-version", python]
                safe = ["--require-hashes", "--only-binary", ":all:", "--no-deps", "--quiet"]
                place = ["--dest", name, "--requirement", str(ROOT / bundle.LOCK)]
                code, said = self.run(["pip", "download", *safe, *target, *place])
                if code:
                    self.unseen.append(f"Python {python} 的 Windows 组件没有取到：{_last(said)}")
            self.licences(sorted(folder.glob("*.whl")))

    def licences(self, wheels: Iterable[Path]) -> None:
        """Look at the licences that wheels declare, and at what in them is compiled."""
        for wheel in wheels:
            declared = sbom.metadata_in(wheel)[0]
            licence = sbom.licence(declared)
            with zipfile.ZipFile(wheel) as package:
                compiled = sum(name.endswith(_COMPILED) for name in package.namelist())
            say(
                f"  {wheel.name}  {licence or '没有写明许可证'}"
                + (f"  含编译代码 {compiled} 个文件" if compiled else "")
            )
            if not_allowed(licence):
                self.wrong.append(f"{wheel.name} 的许可证不在允许之列：{licence or '没有写明'}")

    def newer(self) -> None:
        """Ask the registry whether there are newer versions of what is shipped."""
        names = sorted({name for lock in SHIPPED for name in pins((ROOT / lock).read_text("utf-8"))})
        with tempfile.TemporaryDirectory() as folder:
            wanted = Path(folder, "wanted.in")
            wanted.write_text("\n".join(names), "utf-8")
            code, said = self.run(["uv", "pip", "compile", "--quiet", "--no-deps", "--no-header", "--no-annotate",
                                   "--universal", "--python-version", bundle.PYTHONS[0], str(wanted)])  # fmt: skip
        if code:
            self.unseen.append(f"没有查到最新版本：{_last(said)}")
            return
        newest = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", said, re.MULTILINE))
        for lock in SHIPPED:
            locked = pins((ROOT / lock).read_text("utf-8"))
            behind = [f"{name} {old} → {newest[name]}" for name, old in locked.items() if newest.get(name, old) != old]
            say(f"{lock}：{'；'.join(behind) or '都是最新版本'}")

    def vulnerabilities(self) -> None:
        """Ask pip-audit about every lock, if the service behind it knows of the one that is known."""
        with tempfile.TemporaryDirectory() as folder:
            canary = Path(folder, "canary.txt")
            canary.write_text("{}=={}\n".format(*CANARY), "utf-8")
            found, _ = self._audited(canary, "--no-deps")
        if not found:
            self.unseen.append(
                "已知漏洞没有查：这里连不到漏洞库（拿已知有漏洞的 {} {} 试问，没有答出）".format(*CANARY)
            )
            return
        for name in LOCKS:
            found, skipped = self._audited(ROOT / name, "--require-hashes")
            say(f"{name}：已知漏洞 {len(found)} 处" + (f"，{len(skipped)} 个软件包没有查到" if skipped else ""))
            self.wrong += [f"{name}：{one}" for one in found]
            self.unseen += [f"{name}：{one} 没有查到" for one in skipped]

    def _audited(self, lock: Path, *options: str) -> tuple[list[str], list[str]]:
        """Return the vulnerabilities of a lock, and the packages that the service does not know."""
        code, said = self.run(["pip_audit", "--disable-pip", "--format", "json", "--progress-spinner", "off", "--desc", "off",
                               *options, "--requirement", str(lock)])  # fmt: skip
        try:
            listed = json.loads(said[said.index("{") :])["dependencies"]
        except (ValueError, KeyError):
            self.unseen.append(f"pip-audit 没有给出结果（退出码 {code}）：{_last(said)}")
            return [], []
        found = [f"{one['name']} {one['version']}：{v['id']}" for one in listed for v in one.get("vulns", ())]
        return found, [one["name"] for one in listed if "skip_reason" in one]


def say(text: str) -> None:
    """Print a line at once, so that it stands before what fails."""
    print(text, flush=True)


def _last(said: str) -> str:
    return (said.strip().splitlines() or ["没有说明原因"])[-1].strip()


def main(runs: Run = run) -> int:
    """Review everything, and say at the end what is wrong and what was not looked at."""
    review = Review(runs)
    for title, look in (
        ("锁定文件", review.forms),
        ("随安装包到 Windows 的组件：摘要、许可证、编译代码", review.wheels),
        ("最新版本", review.newer),
        ("已知漏洞", review.vulnerabilities),
    ):
        say(f"—— {title}")
        look()
    outsiders = "，".join(f"{name} {version}" for name, version in OUTSIDERS.items())
    say(f"—— 解析外来文件的还有：{outsiders}（随 Python），xlrd {metadata.version('xlrd')}")
    for title, lines in (("须处理", review.wrong), ("没有查到", review.unseen)):
        say("\n".join([f"{title} {len(lines)} 项", *(f"  {line}" for line in lines)]))
    return 1 if review.wrong else 2 if review.unseen else 0


if __name__ == "__main__":
    sys.exit(main())
