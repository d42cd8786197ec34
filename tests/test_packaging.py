"""An installed kit needs no checkout: everything it reads travels inside the wheel."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_the_wheel_works_without_a_checkout(tmp_path):
    build = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path, ROOT]
    subprocess.run([sys.executable, *build], check=True, env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"})
    wheel = next(tmp_path.glob("gongkai-*.whl"))
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("schema", "templates", "examples"):
        for file in (ROOT / folder).iterdir():
            assert f"gongkai/{folder}/{file.name}" in names
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    code = f"import sys; sys.path.insert(0, {str(installed)!r}); from gongkai.cli import main; main()"
    command = [sys.executable, "-c", code, "demo", "-d", tmp_path / "演示"]
    # The copy is not the source whose coverage is measured.
    alone = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, encoding="utf-8", cwd=tmp_path, env=alone
    )
    assert "共 5 份：通过 3 份，有错误 2 份。" in done.stdout
    assert (tmp_path / "演示" / "汇总" / "2020年度汇总.xlsx").exists()
