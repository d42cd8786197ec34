"""What every command shares: its exit codes, its formats, and how it speaks and stops."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, NoReturn

import typer

from gongkai.usage import CANNOT

OK, FOUND = 0, 1
"""Exit codes: nothing to do; something is wrong or left out. With ``CANNOT`` the command could not do its work."""


class Format(StrEnum):
    """How a result is printed."""

    text = "text"
    json = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="输出格式：text 给人看，json 给程序用。")]


def say(text: str) -> None:
    """Say something that is not the result."""
    typer.echo(text, err=True)


def stop(text: str) -> NoReturn:
    """Say why the command cannot do its work, and end."""
    say(text)
    raise typer.Exit(CANNOT)
