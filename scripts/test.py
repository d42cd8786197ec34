"""Test the kit: ``python3 scripts/test.py`` sets up what is missing, then checks style, types, tests and coverage.

With arguments, only pytest runs, and gets them: ``python3 scripts/test.py -k reader -x``. The tests with mouse and
keyboard run only when asked for: ``python3 scripts/test.py -m gui``.
"""

from __future__ import annotations

import subprocess
import sys

import environment

CHECKS = (
    ("代码风格", ("ruff", "check", ".")),
    ("代码格式", ("ruff", "format", "--check", ".")),
    ("类型检查", ("mypy",)),
    # A file of tests stays with one process: its LibreOffice is started once.
    ("测试与覆盖率", ("pytest", "-n", "auto", "--dist", "loadfile", "--cov", "--cov-report=term-missing:skip-covered")),
)


def main() -> int:
    """Run everything, or only what was asked for; return 0 when all of it passed."""
    environment.require_python()
    environment.install_office()
    python = environment.prepare()
    environment.install_validator()
    arguments = sys.argv[1:]
    if "gui" in arguments:
        environment.install_desktop()
    checks = (("测试", ("pytest", *arguments)),) if arguments else CHECKS
    failed = []
    for name, command in checks:
        environment.say(f"{name}：{' '.join(command)}")
        if subprocess.run([python, "-m", *command], cwd=environment.ROOT, check=False).returncode:
            failed.append(name)
    environment.say(f"未通过：{'、'.join(failed)}" if failed else "全部通过")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
