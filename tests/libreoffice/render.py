"""Show a workbook as it prints: ``python tests/libreoffice/render.py WORKBOOK OUTDIR`` makes a PDF and one PNG a page."""

from __future__ import annotations

import argparse
import subprocess
import sys
from glob import escape as glob_escape
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as pytest does, when this file is run as a command

from libreoffice.office import Office, OfficeError

DOTS_PER_INCH = 100


def render(office: Office, workbook: Path, directory: Path, dots_per_inch: int = DOTS_PER_INCH) -> list[Path]:
    """Print ``workbook`` into ``directory`` and return the pictures of its pages in order."""
    directory.mkdir(parents=True, exist_ok=True)
    stem = directory / workbook.stem
    for old in directory.glob(f"{glob_escape(workbook.stem)}-*.png"):
        old.unlink()
    with office.open(workbook) as document:
        document.pdf(f"{stem}.pdf")
    subprocess.run(["pdftoppm", "-png", "-r", str(dots_per_inch), f"{stem}.pdf", str(stem)], check=True)
    return sorted(directory.glob(f"{glob_escape(workbook.stem)}-*.png"))


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workbook", type=Path)
    parser.add_argument("outdir", type=Path)
    parser.add_argument("--dpi", type=int, default=DOTS_PER_INCH)
    arguments = parser.parse_args()
    try:
        with Office() as office:
            for page in render(office, arguments.workbook, arguments.outdir, arguments.dpi):
                sys.stdout.write(f"{page}\n")
    except (OfficeError, OSError, subprocess.CalledProcessError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
