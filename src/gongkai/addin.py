"""The commands around the button: put it into Excel or LibreOffice, see why it does not work, pack it for others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gongkai.console import FOUND, OK, Format, FormatOption, stop
from gongkai.usage import ChineseCommand, ChineseGroup

if TYPE_CHECKING:
    from xlwings_addin.deployment.facts import Facts

app = typer.Typer(
    name="addin", cls=ChineseGroup, no_args_is_help=True, rich_markup_mode=None,
    help="表格程序里的“验证”按钮：安装、卸载、检查，和制作离线安装包。",
)  # fmt: skip


_ELSEWHERE = "按钮只能装在 Windows 的 Excel 和 Linux 的 LibreOffice 里，这台电脑是 {system}。请用命令 gongkai validate 校验文件。"


@app.command(cls=ChineseCommand)
def install(
    oxt: Annotated[
        Path | None, typer.Option("--oxt", metavar="文件", help="安装这个现成的 LibreOffice 扩展（只用于 Linux）。")
    ] = None,
    wheels: Annotated[
        Path | None,
        typer.Option("--wheels", metavar="目录", help="不联网，从这个目录取扩展所需的 Python 组件（只用于 Linux）。"),
    ] = None,
) -> None:
    """把按钮装进当前用户的 Excel（Windows）或 LibreOffice（Linux）；再装一次就是更新。"""
    from xlwings_addin.deployment import InstallError, windows

    facts = _facts()
    if facts.system == "Windows":
        if oxt or wheels:
            stop("--oxt 和 --wheels 只用于 Linux 上的 LibreOffice。在 Windows 上请不带选项运行。")
        try:
            done = windows.install(facts.environ, facts.executable, base=facts.base, encoding=facts.encoding)
        except InstallError as error:
            stop(str(error))
        typer.echo("\n".join([*done, "请重新打开 Excel。没有看到按钮的，请运行 gongkai addin doctor。"]))
    elif facts.system == "Linux":
        _install_extension(facts, oxt, wheels)
    else:
        stop(_ELSEWHERE.format(system=facts.system))


def _install_extension(facts: Facts, oxt: Path | None, wheels: Path | None) -> None:
    from xlwings_addin.deployment import InstallError, linux

    if oxt and wheels:
        stop("--oxt 和 --wheels 只能用一个：--oxt 是现成的扩展，--wheels 用来现做一个。")
    if facts.root:
        stop(linux.ROOT)
    unopkg = linux.Unopkg(facts.find("unopkg"), facts.root, facts.run)
    if unopkg.path is None:
        stop(linux.NO_OFFICE)
    data = _read(oxt) if oxt else _built(wheels)
    try:
        unopkg.install(data)
    except InstallError as error:
        stop(str(error))
    typer.echo("已安装 LibreOffice 扩展。请重新打开 LibreOffice。没有看到按钮的，请运行 gongkai addin doctor。")


def _read(oxt: Path) -> bytes:
    from gongkai.messages import UNREADABLE

    try:
        return oxt.read_bytes()
    except OSError as error:
        stop(f"{oxt}：{UNREADABLE['missing' if isinstance(error, FileNotFoundError) else 'unreadable']}")


def _built(wheels: Path | None) -> bytes:
    from xlwings_addin import extension

    try:
        return extension.build(wheels)
    except extension.BuildError as error:
        stop(str(error))


@app.command(cls=ChineseCommand)
def uninstall() -> None:
    """把按钮从当前用户的 Excel 或 LibreOffice 中去掉，只删除安装时写的东西。"""
    from xlwings_addin.deployment import InstallError, linux, windows

    facts = _facts()
    try:
        if facts.system == "Windows":
            typer.echo("\n".join(windows.uninstall(facts.environ)))
        elif facts.system == "Linux":
            removed = linux.Unopkg(facts.find("unopkg"), facts.root, facts.run).uninstall()
            typer.echo("已删除 LibreOffice 扩展。" if removed else "没有安装过扩展，不需要删除。")
        else:
            stop(_ELSEWHERE.format(system=facts.system))
    except InstallError as error:
        stop(str(error))


@app.command(cls=ChineseCommand)
def doctor(
    form: FormatOption = Format.text,
) -> None:
    """逐项检查按钮需要的东西，说明缺什么、请信息技术人员做什么。没有妨碍时退出码为 0，有为 1。"""
    from gongkai.reporters import as_json
    from xlwings_addin.deployment import doctor as doctors

    facts = _facts()
    found = doctors.examine(facts)
    typer.echo(as_json(doctors.as_document(facts, found)) if form is Format.json else doctors.as_text(found))
    raise typer.Exit(OK if doctors.is_fine(found) else FOUND)


@app.command(cls=ChineseCommand)
def bundle(
    directory: Annotated[
        Path, typer.Option("-d", "--directory", metavar="目录", help="安装包写到哪个目录（新的或空的）。")
    ],
    python: Annotated[
        str | None,
        typer.Option("--python", metavar="版本", help="只带这一版 Python 的组件：3.11、3.12 或 3.13；不给则都带。"),
    ] = None,
) -> None:
    """制作 Windows 64 位离线安装包：全部组件、安装脚本、说明和校验码。需要联网，在源代码目录里运行。"""
    from xlwings_addin.deployment import bundle as bundles

    if python is not None and python not in bundles.PYTHONS:
        stop(f"--python 只能是 {'、'.join(bundles.PYTHONS)}，现为“{python}”。")
    try:
        said = bundles.build(directory, [python] if python else bundles.PYTHONS)
    except bundles.BundleError as error:
        stop(str(error))
    typer.echo(f"已做好 {directory}：\n" + "\n".join(said))


def _facts() -> Facts:
    from xlwings_addin.deployment import facts

    return facts.collect()
