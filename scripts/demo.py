"""See the kit at work: ``python3 scripts/demo.py`` sets up what is missing and runs ``python -m gongkai demo``."""

from __future__ import annotations

import subprocess
import sys

import environment


def main() -> int:
    """Run the demonstration with the arguments given."""
    python = environment.prepare()
    return subprocess.run([python, "-m", "gongkai", "demo", *sys.argv[1:]], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
