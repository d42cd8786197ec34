"""The set-up that test.py and demo.py share: a .venv in the checkout with everything the lock names.

Runs before anything is installed, so it uses the standard library only; and it must at least be readable to an old
Python, so that this can be told its version is too old.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements-dev.lock"  # one environment for both commands: the runtime's pins are among these
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "gongkai-set-up"
OLDEST = (3, 11)

OFFICE_PACKAGES = (
    "libreoffice-calc",
    "libreoffice-script-provider-python",
    "python3-uno",
    "fonts-noto-cjk",
    "poppler-utils",
    "fontconfig",
    "gnumeric",  # one more program that saves workbooks in its own way
)
DESKTOP_PACKAGES = (
    "xvfb",
    "xdotool",
    "openbox",
    "imagemagick",
    "libreoffice-gtk3",
    "libreoffice-l10n-zh-cn",
)
"""What shows LibreOffice on a screen that nobody sees, and presses its buttons."""
APT_SECONDS = 1800

VALIDATOR = VENV / "validator"
VALIDATOR_FILES = tuple(ROOT / "tests" / "validator" / name for name in ("package.json", "package-lock.json"))
NPM_SECONDS = 300


def say(sentence: str) -> None:
    """Print one line at once, on any console."""
    encoding = sys.stdout.encoding or "utf-8"
    print(sentence.encode(encoding, "replace").decode(encoding), flush=True)


def stop(sentence: str) -> None:
    """Say why nothing more can be done, and end."""
    say(f"错误：{sentence}")
    sys.exit(1)


def require_python() -> None:
    """End unless this Python is new enough."""
    if sys.version_info < OLDEST:
        found = ".".join(str(part) for part in sys.version_info[:3])
        stop(
            f"需要 Python {OLDEST[0]}.{OLDEST[1]} 或更高版本，现在运行的是 {found}。请改用新版本的 python3 运行本命令。"
        )


# ---- packages of the operating system


def _administrator() -> list[str] | None:
    """Return what to put before a command so that it runs as root without asking, or None when there is no way."""
    if os.name != "posix":
        return None
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n"]
    return None


def _not_installed(packages: Iterable[str]) -> list[str]:
    def status(package: str) -> str:
        query = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package]
        return subprocess.run(query, capture_output=True, text=True, check=False).stdout

    return [package for package in packages if status(package) != "installed"]


@cache
def _apt_get_command() -> list[str] | None:
    """Return apt-get as we may call it, its package lists fetched (once per run), or None when we may not."""
    administrator = _administrator()
    if administrator is None:
        return None
    command = [*administrator, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "Acquire::Retries=2"]
    # Not checked: one unreachable source of several does no harm, and the installation will tell.
    subprocess.run([*command, "update"], check=False, timeout=APT_SECONDS, stdin=subprocess.DEVNULL)
    return command


def _apt_install(packages: Iterable[str]) -> bool:
    """Install ``packages``; tell whether that worked."""
    try:
        command = _apt_get_command()
        if command is None:
            return False
        done = subprocess.run(
            [*command, "install", "--yes", "--no-install-recommends", *packages],
            check=False,
            timeout=APT_SECONDS,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _has_apt() -> bool:
    return bool(shutil.which("apt-get") and shutil.which("dpkg-query"))


def install_office() -> None:
    """Install LibreOffice and the fonts when that can be done here; failing is said, and is not fatal."""
    if not _has_apt():
        if not (shutil.which("soffice") or shutil.which("libreoffice")):
            say("提示：本机没有 LibreOffice，也没有 apt-get 可以安装它；与 LibreOffice 有关的测试将跳过。")
        return
    _offer(OFFICE_PACKAGES, "与 LibreOffice、gnumeric 有关的测试")


def install_desktop() -> None:
    """Install what the tests with a real mouse and keyboard need; failing is said, and is not fatal."""
    if _has_apt():
        _offer(DESKTOP_PACKAGES, "用鼠标和键盘的测试")
    else:
        say(f"提示：没有 apt-get 可以安装软件包，用鼠标和键盘的测试可能跳过。需要：{' '.join(DESKTOP_PACKAGES)}")


def _offer(packages: Iterable[str], tests: str) -> None:
    """Install what is missing of some packages; say which tests are skipped where that fails."""
    missing = _not_installed(packages)
    if not missing:
        return
    say(f"安装系统软件包（只需一次，要几分钟）：{' '.join(missing)}")
    if not _apt_install(missing):
        say(f"提示：系统软件包没有装上，{tests}将跳过。需要时请用管理员身份运行：apt-get install {' '.join(missing)}")


# ---- the virtual environment


def _venv_works() -> bool:
    """Tell whether .venv has a Python that is new enough and a pip."""
    if not PYTHON.exists():
        return False
    trial = f"import sys, pip; sys.exit(sys.version_info < {OLDEST})"
    try:
        return subprocess.run([PYTHON, "-c", trial], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _create_venv() -> None:
    say("创建虚拟环境 .venv")
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"  # the Debian package of this very version
    # Debian splits these off the standard library.
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        say(f"本机的 Python 缺少 venv 模块，尝试安装系统软件包 {package}")
        if not (_has_apt() and _apt_install([package])):
            stop(f"没有装上 venv 模块。请用管理员身份运行：apt-get install {package}（或 python3-venv），然后重试。")
    created = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", VENV], capture_output=True, text=True, check=False
    )
    if created.returncode:
        say((created.stdout + created.stderr).strip())
        stop(f"虚拟环境 .venv 没有建成。Debian/Ubuntu 请先安装 {package}（或 python3-venv），然后重试。")


def _wanted() -> str:
    """Return what the environment must have been made from to need nothing more."""
    digest = hashlib.sha256()
    for part in (LOCK.read_bytes(), (ROOT / "pyproject.toml").read_bytes(), str(ROOT).encode()):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


def _pip_install(failure: str, *arguments: str | Path) -> None:
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    command = [PYTHON, "-m", "pip", "--quiet", "install", "--no-input", *arguments]
    if subprocess.run(command, env=environment, cwd=ROOT, check=False).returncode:
        stop(f"{failure}原因见上面几行。")


def prepare() -> Path:
    """Make .venv ready, doing only what is still to do, and return its Python."""
    require_python()
    if not _venv_works():
        _create_venv()
    wanted = _wanted()
    if not STAMP.exists() or STAMP.read_text("utf-8") != wanted:
        say("安装 Python 软件包（按 requirements-dev.lock 核对摘要）")
        STAMP.unlink(missing_ok=True)
        network = "Python 软件包没有装上。请检查网络（需要能访问 Python 软件包索引）后重试，"
        _pip_install(network, "--require-hashes", "--requirement", LOCK)
        _pip_install("本项目没有装入 .venv，", "--no-deps", "--no-build-isolation", "--editable", ROOT)
        STAMP.write_text(wanted, "utf-8")
    return PYTHON


# ---- the validator of Office files


def install_validator() -> None:
    """Install Microsoft's Open XML validator into .venv when there is npm; failing is said, and is not fatal."""
    wanted = "".join(file.read_text("utf-8") for file in VALIDATOR_FILES)
    stamp = VALIDATOR / "set-up"
    if stamp.exists() and stamp.read_text("utf-8") == wanted:
        return
    npm = shutil.which("npm")
    if npm is None:
        say("提示：本机没有 npm，不能检查 Office 文件的结构，有关测试将跳过。需要时请安装 Node.js（带 npm）。")
        return
    say("安装 Office 文件结构检查器（按 tests/validator 的锁定版本）")
    shutil.rmtree(VALIDATOR, ignore_errors=True)
    VALIDATOR.mkdir()
    for file in VALIDATOR_FILES:
        shutil.copy(file, VALIDATOR)
    # Not "npm ci": that wants every system's program in the lock, also where the package source offers only ours.
    command = [npm, "install", "--no-audit", "--no-fund", "--omit-lockfile-registry-resolved", "--loglevel=error"]
    try:
        done = subprocess.run(
            command,
            cwd=VALIDATOR,
            check=False,
            timeout=NPM_SECONDS,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        ).returncode
    except (OSError, subprocess.TimeoutExpired):
        done = 1
    if done:
        say("提示：检查器没有装上（需要能访问 npm 软件包源，原因见上），有关测试将跳过。")
        return
    stamp.write_text(wanted, "utf-8")
