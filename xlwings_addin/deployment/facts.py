"""What the doctor looks at, collected once; the checks are functions of it, and so can be tested anywhere."""

from __future__ import annotations

import importlib
import os
import platform
import struct
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from typing import Literal

from gongkai import __version__
from xlwings_addin.deployment import programs
from xlwings_addin.deployment.registry import NoRegistry, Registry, this_computers

OLDEST = (3, 11)
"""The Python that the core needs, ours and that of LibreOffice."""

State = Literal["ok", "warning", "error"]
STATES: Mapping[State, str] = {"ok": "正常", "warning": "注意", "error": "不行"}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: fine, worth knowing, or in the way; and what to do."""

    name: str
    state: State
    message: str


@dataclass(frozen=True, slots=True)
class Package:
    """A Python package: its version, or why it cannot be imported."""

    version: str | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """A computer, as far as the button is concerned."""

    system: str
    """As ``platform.system`` says: Windows, Linux, Darwin."""
    python: tuple[int, int, int]
    bits: int
    executable: str
    base: str = ""
    """Where the Python lies that a virtual environment was made from."""
    version: str = __version__
    """Ours."""
    packages: Mapping[str, Package] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    registry: Registry = field(default_factory=NoRegistry)
    encoding: str = "utf-8"
    """In which macros read files: the code page of Windows."""
    root: bool = False
    find: Callable[[str], str | None] = programs.find
    """Where LibreOffice's program of this name is."""
    run: programs.Runner = programs.run


_MODULES = {"jsonschema": "jsonschema", "jsonschema-rs": "jsonschema_rs"}
_EXCEL_MODULES = {"xlwings": "xlwings", "pywin32": "win32com.client"}


def collect() -> Facts:
    """Look at the computer we run on."""
    windows = sys.platform == "win32"
    return Facts(
        system=platform.system(),
        python=sys.version_info[:3],
        bits=struct.calcsize("P") * 8,
        executable=sys.executable,
        base=sys.base_prefix,
        packages={
            name: _package(name, module) for name, module in (_MODULES | (_EXCEL_MODULES if windows else {})).items()
        },
        environ=dict(os.environ),
        registry=this_computers(),
        encoding="mbcs" if windows else "utf-8",
        root=hasattr(os, "geteuid") and os.geteuid() == 0,
    )


def _package(name: str, module: str) -> Package:
    try:
        importlib.import_module(module)
        return Package(metadata.version(name))
    except Exception as error:  # noqa: BLE001 - a damaged package may fail in any way, and that is the finding
        return Package(error=f"{type(error).__name__}: {error}")
