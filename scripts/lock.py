"""Pin what the kit needs: writes requirements.lock and requirements-dev.lock from pyproject.toml.

``python scripts/lock.py`` keeps the pins that still fit, ``--upgrade`` takes the newest. Needs pip-tools.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = """\
# {what}
# Written by: python scripts/lock.py   (do not edit; --upgrade takes the newest versions)
"""

# The resolver sees only the machine it runs on. What other systems need besides is named here, with its condition.
ELSEWHERE = {"colorama": 'sys_platform == "win32"'}

_OPTION = re.compile(r"^\s*--(?!hash=)\S.*\n", re.MULTILINE)  # index addresses and the like belong to one machine
_ADDRESS = re.compile(r"\b\w+://")


def pins(requirements: list[str], previous: Path, constraint: str, options: list[str]) -> str:
    """Return the pinned and hashed form of ``requirements``; ``constraint`` are pins to agree with."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "wanted.in").write_text("".join(f"{line}\n" for line in requirements), "utf-8")
        (directory / "agreed.txt").write_text(constraint, "utf-8")
        if previous.exists():
            (directory / "pinned.txt").write_text(previous.read_text("utf-8"), "utf-8")
        fixed = ["--generate-hashes", "--allow-unsafe", "--strip-extras", "--no-header", "--no-annotate"]
        silent = ["--quiet", "--no-emit-index-url", "--no-emit-trusted-host", "--no-emit-find-links"]
        files = ["--constraint", "agreed.txt", "--output-file", "pinned.txt", "wanted.in"]
        subprocess.run(
            [sys.executable, "-m", "piptools", "compile", *fixed, *silent, *options, *files], cwd=directory, check=True
        )
        text = (directory / "pinned.txt").read_text("utf-8")
    text = _OPTION.sub("", text)
    for package, condition in ELSEWHERE.items():
        text = re.sub(rf"^({package}==\S+)", rf"\1 ; {condition}", text, flags=re.MULTILINE)
    if _ADDRESS.search(text):
        raise ValueError(f"an address is left in the pins of {previous.name}")
    return text.strip() + "\n"


def main() -> None:
    """Write both files; the runtime's pins are among the development's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    options = ["--upgrade"] if parser.parse_args().upgrade else []
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    runtime = [*pyproject["project"]["dependencies"], *ELSEWHERE]
    development = [*runtime, *pyproject["dependency-groups"]["dev"]]
    agreed = ""
    for name, requirements, what in (
        ("requirements-dev.lock", development, "What developing and testing the kit needs, runtime included."),
        ("requirements.lock", runtime, "What running the kit needs."),
    ):
        path = ROOT / name
        text = pins(requirements, path, agreed, options)
        path.write_text(HEADER.format(what=what) + text, "utf-8")
        agreed = agreed or re.sub(r" \\\n.*hash=.*", "", text)
        print(f"{name}: {text.count('==') - text.count('platform ==')} packages")


if __name__ == "__main__":
    main()
