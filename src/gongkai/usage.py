"""Typer in Chinese: its help headings, and what it says of a command line that is not written right."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

CANNOT, INTERRUPTED = 2, 130

_HELP = (
    ("Usage: ", "用法："),
    ("[OPTIONS]", "[选项]"),
    ("COMMAND [ARGS]...", "命令 [参数]…"),
    ("Options:\n", "选项：\n"),
    ("Commands:\n", "命令：\n"),
    ("Arguments:\n", "参数：\n"),
    ("[required]", "[必填]"),
    ("[default: ", "[默认："),
    ("Show this message and exit.", "显示本帮助。"),
)
_MISTAKES = (
    (r"Missing argument '(.+)'\.", "缺少参数“{0}”。"),
    (r"Missing option '(.+)'\.", "缺少选项 {0}。"),
    (r"Missing command\.", "请指明要做什么。"),
    (r"No such command '(.+)'\..*", "没有“{0}”这个命令。"),
    (r"No such option: (\S+)(?: \(Possible options: (.+)\)| Did you mean (.+)\?)?", "没有 {0} 这个选项。"),
    (r"Option '(.+)' requires an argument\.", "选项 {0} 后面要跟一个值。"),
    (r"Invalid value for '(.+?)': '(.+)' is not one of (.+)\.", "“{0}”不能是“{1}”，只能是 {2}。"),
    (r"Invalid value for '(.+?)': '(.+)' is not a valid int(?:eger)?\.", "“{0}”应是整数，现为“{1}”。"),
    (r"Got unexpected extra argument(?:s|\(s\))? \((.+)\)", "多出了参数“{0}”。"),
)


def in_chinese(mistake: str) -> str:
    """Return what typer says of a wrong command line in Chinese."""
    for pattern, sentence in _MISTAKES:
        if match := re.fullmatch(pattern, mistake, re.DOTALL):
            return sentence.format(*((group or "").replace("'", "") for group in match.groups()))
    return f"命令写得不对（{mistake}）"


class ChineseCommand(TyperCommand):
    """A command whose help is in Chinese throughout."""

    def get_help(self, ctx: Any) -> str:  # noqa: ANN401 - typer's context has no public name
        """Return the help page."""
        return _help(super().get_help(ctx))


class ChineseGroup(TyperGroup):
    """The command line whose help and complaints are in Chinese throughout."""

    def get_help(self, ctx: Any) -> str:  # noqa: ANN401 - typer's context has no public name
        """Return the help page."""
        return _help(super().get_help(ctx))

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:  # noqa: ANN401 - as in typer
        """Run a command and exit with its code; a wrong command line is one Chinese sentence and code 2."""
        options["standalone_mode"] = False
        try:
            code = super().main(args, *rest, **options)
            if code == INTERRUPTED:  # what typer makes of Ctrl-C
                typer.echo("已中断。", err=True)
        except typer.Abort:
            typer.echo("已中断。", err=True)
            code = INTERRUPTED
        except Exception as error:
            from gongkai.files import FULL, OutputError  # noqa: PLC0415 - slow to import, and seldom needed

            complaint = getattr(error, "format_message", None)
            if isinstance(error, OutputError):
                typer.echo(str(error), err=True)
                sys.exit(CANNOT)
            if isinstance(error, OSError) and error.errno in FULL:  # what is printed goes into a file
                typer.echo("无法写出结果：磁盘空间不足。请腾出空间后再试。", err=True)
                sys.exit(CANNOT)
            if complaint is None:
                raise
            context = getattr(error, "ctx", None)
            command = context.command_path if context else "gongkai"
            mistake = complaint()
            # Called with nothing at all, typer's complaint is the help page itself.
            typer.echo(mistake if "\n" in mistake else f"{in_chinese(mistake)}用法见 {command} --help。", err=True)
            code = CANNOT
        sys.exit(code if isinstance(code, int) else 0)


def _help(text: str) -> str:
    for english, chinese in _HELP:
        text = text.replace(english, chinese)
    return text
