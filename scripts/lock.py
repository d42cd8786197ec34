"""Pin what the kit needs: writes the requirements*.lock files from pyproject.toml.

``python scripts/lock.py`` keeps the pins that still fit, ``--upgrade`` takes the newest.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = """\
# {what}
# Written by: python scripts/lock.py   (do not edit; --upgrade takes the newest versions)
"""
UNIVERSAL = ("--universal",)  # every system's pins in one file, each with its condition
# Without conditions: pip applies them for the system it runs on, and the bundle for Windows may be made anywhere.
WINDOWS = ("--python-platform", "x86_64-pc-windows-msvc")
PYTHONS = ("3.11", "3.12", "3.13")  # what a bundle can be made for; the oldest asks for most

_ADDRESS = re.compile(r"\b\w+://")


@dataclass(frozen=True, slots=True)
class Lock:
    """One file of pins: what for, from which requirements, for which system."""

    name: str
    what: str
    requirements: tuple[str, ...]
    system: tuple[str, ...] = UNIVERSAL


def pins(lock: Lock, constraint: str, options: list[str]) -> str:
    """Return the pinned and hashed form of a lock; ``constraint`` are pins to agree with."""
    oldest, *newer = PYTHONS
    text = _compile(lock, constraint, oldest, options)
    # A universal resolution has looked at every version by itself.
    for version in newer if lock.system == WINDOWS else ():
        if surplus := _names(_compile(lock, text, version, options)) - _names(text):
            raise ValueError(f"{lock.name}: Python {version} needs {', '.join(sorted(surplus))} besides")
    if _ADDRESS.search(text):
        raise ValueError(f"an address is left in the pins of {lock.name}")
    return text.strip() + "\n"


def _compile(lock: Lock, constraint: str, version: str, options: list[str]) -> str:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "wanted.in").write_text("".join(f"{line}\n" for line in lock.requirements), "utf-8")
        (directory / "agreed.txt").write_text(constraint, "utf-8")
        if (ROOT / lock.name).exists():
            (directory / "pinned.txt").write_text((ROOT / lock.name).read_text("utf-8"), "utf-8")
        fixed = ["--quiet", "--generate-hashes", "--no-header", "--no-annotate", "--python-version", version]
        files = ["--constraint", "agreed.txt", "--output-file", "pinned.txt", "wanted.in"]
        command = [sys.executable, "-m", "uv", "pip", "compile", *fixed, *lock.system, *options, *files]
        subprocess.run(command, cwd=directory, check=True)
        return (directory / "pinned.txt").read_text("utf-8")


def _names(text: str) -> set[str]:
    return set(re.findall(r"^([\w.-]+)==", text, re.MULTILINE))


def main() -> None:
    """Write all files; the pins of the others are among the development's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    options = ["--upgrade"] if parser.parse_args().upgrade else []
    if importlib.util.find_spec("uv") is None:
        sys.exit("uv is missing: python -m pip install uv")
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    runtime = pyproject["project"]["dependencies"]
    excel = pyproject["project"]["optional-dependencies"]["excel"]
    development = pyproject["dependency-groups"]["dev"]
    locks = (
        Lock(
            "requirements-dev.lock",
            "What developing and testing the kit needs, runtime included.",
            (*runtime, *excel, *development),
        ),
        Lock("requirements.lock", "What running the kit needs.", (*runtime,)),
        Lock(
            "requirements-windows.lock",
            "What running the kit with its button in Excel needs: 64-bit Windows.",
            (*runtime, *excel),
            WINDOWS,
        ),
    )
    agreed = ""
    for lock in locks:
        text = pins(lock, agreed, options)
        (ROOT / lock.name).write_text(HEADER.format(what=lock.what) + text, "utf-8")
        agreed = agreed or text
        print(f"{lock.name}: {len(_names(text))} packages")


if __name__ == "__main__":
    main()
