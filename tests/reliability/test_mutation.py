"""No small change of the code that reads, judges and adds goes unnoticed, but for those listed with their reasons."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("resource", reason="mutants run in forked processes, on Unix only")
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.long
@pytest.mark.parametrize("module", ["identities", "merge", "validation", "reader"])
def test_every_mutant_is_found_or_explained(module):
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "mutation.py", module], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
