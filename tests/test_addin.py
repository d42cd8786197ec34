"""Installing the button, taking it away, and the doctor: on a Windows and a Linux made of folders and tables."""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import types
import zipfile
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import xlwings_addin
from gongkai import __version__, addin, files
from gongkai import cli as commands
from xlwings_addin.deployment import (
    InstallError,
    doctor,
    excel_program,
    facts,
    linux,
    programs,
    registry,
    windows,
    windows_checks,
)
from xlwings_addin.deployment.facts import Check, Facts, Package

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = typer.main.get_command(addin.app).commands
CHINESE = re.compile("[\u4e00-\u9fff]")
XLAM = b"the add-in"
OFFICE = r"Software\Microsoft\Office\16.0"
POLICY = r"HKCU\Software\Policies\Microsoft\Office\16.0"
SECURITY = r"Excel\Security"
LOCATIONS = rf"{SECURITY}\Trusted Locations"
DEFENDER = r"HKLM\SOFTWARE\Policies\Microsoft\Windows Defender"
ASR = rf"{DEFENDER}\Windows Defender Exploit Guard\ASR\Rules"
APP_PATHS = r"SOFTWARE\Microsoft\Windows\CurrentVersion\App Paths"
EXCEL = {
    rf"HKLM\{APP_PATHS}\excel.exe": {"": r"C:\Program Files\Microsoft Office\Root\Office16\EXCEL.EXE"},
    r"HKLM\SOFTWARE\Microsoft\Office\ClickToRun\Configuration": {
        "VersionToReport": "16.0.17928.20114", "Platform": "x64",
    },
    rf"HKCU\{OFFICE}\{LOCATIONS}\Location1": {"Path": r"%APPDATA%\Microsoft\Excel\XLSTART"},
}  # fmt: skip
FOUND = {
    "xlwings": Package("0.37.8"), "pywin32": Package("312"),
    "jsonschema": Package("4.26.0"), "jsonschema-rs": Package("0.60.3"),
}  # fmt: skip
NAMES = [
    "Python", "校验组件", "Python 来源", "xlwings", "pywin32", "Excel", "默认程序", "宏", "来自互联网的宏", "加载项", "Defender",
    "禁用项目", "加载项文件", "配置",
]  # fmt: skip


class Result:
    """What a command printed, and its exit code; a crash of the command fails the test."""

    def __init__(self, *arguments):
        outcome = CliRunner().invoke(commands.app, ["addin", *map(str, arguments)])
        if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
            raise outcome.exception
        self.code, self.out, self.err = outcome.exit_code, outcome.stdout, outcome.stderr


class Table:
    """A registry of what a test has put into it; Windows looks for names in any case."""

    def __init__(self, content):
        self.content = {key.lower(): values for key, values in content.items()}

    def values(self, key):
        return {name.lower(): value for name, value in self.content.get(key.lower(), {}).items()}

    def keys(self, key):
        start = key.lower() + "\\"
        return tuple(
            dict.fromkeys(name[len(start) :].split("\\")[0] for name in self.content if name.startswith(start))
        )


@pytest.fixture
def pc(tmp_path, monkeypatch):
    """Return a Windows PC on which everything is right, the add-in installed."""
    shipped = tmp_path / "shipped" / "gongkai.xlam"
    shipped.parent.mkdir()
    shipped.write_bytes(XLAM)
    monkeypatch.setattr(windows, "XLAM", shipped)
    python = tmp_path / "kit" / "python.exe"
    python.parent.mkdir()
    python.write_bytes(b"")
    environ = {"APPDATA": str(tmp_path / "Roaming"), "USERPROFILE": str(tmp_path / "user")}
    computer = Facts(
        system="Windows", python=(3, 12, 4), bits=64, executable=str(python), version="1.2.3", packages=FOUND,
        environ=environ, registry=Table(EXCEL), encoding="gbk",
    )  # fmt: skip
    windows.install(environ, str(python), base="", encoding="gbk")
    return computer


@pytest.fixture
def as_computer(monkeypatch):
    """Return what makes the commands see another computer."""
    return lambda computer: monkeypatch.setattr(facts, "collect", lambda: computer)


def places(pc):
    return windows.places(pc.environ)


def changed(pc, **changes):
    return dataclasses.replace(pc, **changes)


def with_keys(pc, keys, without=()):
    content = {key: values for key, values in EXCEL.items() if key not in without}
    return changed(pc, registry=Table(content | keys))


def check(pc, name):
    return next(found for found in doctor.examine(pc) if found.name == name)


def tree(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# --- install and uninstall on Windows


def test_install_writes_the_add_in_and_the_configuration(pc, tmp_path):
    assert places(pc).xlam == tmp_path / "Roaming/Microsoft/Excel/XLSTART/gongkai.xlam"
    assert places(pc).xlam.read_bytes() == XLAM
    assert places(pc).conf == tmp_path / "user/.gongkai/gongkai.conf"
    assert places(pc).conf.read_bytes() == (
        f'"INTERPRETER_WIN","{pc.executable}"\r\n"ADD_WORKBOOK_TO_PYTHONPATH","False"\r\n"SHOW CONSOLE","False"\r\n'
    ).encode("ascii")
    assert tree(tmp_path / "Roaming") == ["Microsoft/Excel/XLSTART/gongkai.xlam"]


def test_the_commands_install_and_uninstall(pc, as_computer, tmp_path):
    windows.uninstall(pc.environ)
    as_computer(pc)
    first = Result("install")
    assert (first.code, first.err) == (0, "")
    assert first.out.splitlines() == [
        f"已写入加载项：{places(pc).xlam}",
        f"已写入配置：{places(pc).conf}",
        "请重新打开 Excel。没有看到按钮的，请运行 gongkai addin doctor。",
    ]
    gone = Result("uninstall")
    assert (gone.code, gone.err) == (0, "")
    assert gone.out.splitlines() == [f"已删除加载项：{places(pc).xlam}", f"已删除配置：{places(pc).conf}"]
    assert tree(tmp_path / "Roaming") + tree(tmp_path / "user") == []
    assert not (tmp_path / "user/.gongkai").exists()
    assert Result("uninstall").out == "没有安装过加载项，不需要删除。\n"


def test_installing_again_touches_nothing(pc):
    before = [path.stat().st_ino for path in (places(pc).xlam, places(pc).conf)]
    assert windows.install(pc.environ, pc.executable, base="", encoding="gbk") == [
        f"加载项已是最新：{places(pc).xlam}",
        f"配置已是最新：{places(pc).conf}",
    ]
    assert [path.stat().st_ino for path in (places(pc).xlam, places(pc).conf)] == before


def test_an_older_add_in_is_replaced(pc):
    places(pc).xlam.write_bytes(b"older")
    windows.install(pc.environ, pc.executable, base="", encoding="gbk")
    assert places(pc).xlam.read_bytes() == XLAM


def test_other_settings_and_files_stay(pc):
    conf = places(pc).conf
    conf.write_bytes(b'"interpreter_win","C:\\old.exe"\r\n"TEMP DIR","D:\\\xc1\xd9\xca\xb1"\r\n')
    log = conf.with_name("验证记录.txt")
    log.write_text("x", "utf-8")
    windows.install(pc.environ, pc.executable, base="", encoding="gbk")
    assert conf.read_bytes().splitlines() == [
        f'"INTERPRETER_WIN","{pc.executable}"'.encode(),
        b'"ADD_WORKBOOK_TO_PYTHONPATH","False"',
        b'"SHOW CONSOLE","False"',
        b'"TEMP DIR","D:\\\xc1\xd9\xca\xb1"',
    ]
    assert windows.uninstall(pc.environ)[1] == f"已从配置中去掉本程序的设置，其他设置保留：{conf}"
    assert conf.read_bytes() == b'"TEMP DIR","D:\\\xc1\xd9\xca\xb1"\r\n'
    assert log.exists()


USER = {
    "USERPROFILE": r"C:\Users\填报员", "LOCALAPPDATA": r"C:\Users\填报员\AppData\Local",
    "APPDATA": r"C:\Users\填报员\AppData\Roaming",
}  # fmt: skip


@pytest.mark.parametrize(
    ("python", "encoding", "short", "value"),
    [
        (r"C:\Python312\python.exe", "gbk", None, r"C:\Python312\python.exe"),
        (r"C:\Python312\pythonw.exe", "gbk", None, r"C:\Python312\python.exe"),
        (r"c:\users\填报员\AppData\Local\gongkai\Scripts\python.exe", "gbk", r"C:\X\PYTHON.EXE",
         r"%LOCALAPPDATA%\gongkai\Scripts\python.exe"),
        (r"C:\Users\填报员\venv\python.exe", "gbk", None, r"%USERPROFILE%\venv\python.exe"),
        # The name of somebody else's folder only begins like ours.
        (r"C:\Users\填报员芳\venv\python.exe", "gbk", r"C:\Users\1B2F~1\venv\python.exe", r"C:\Users\1B2F~1\venv\python.exe"),
        (r"D:\工具\python.exe", "gbk", r"D:\5DE5~1\python.exe", r"D:\5DE5~1\python.exe"),
        (r"C:\Users\填报员\工具\python.exe", "gbk", r"C:\Users\1B2F~1\5DE5~1\python.exe", r"C:\Users\1B2F~1\5DE5~1\python.exe"),
        (r"D:\工具\python.exe", "gbk", r"D:\工具\python.exe", r"D:\工具\python.exe"),
        # A macro cannot open what its code page cannot write, whoever fills in the name.
        (r"C:\Users\填报员\venv\python.exe", "cp1252", r"C:\Users\1B2F~1\venv\python.exe", r"C:\Users\1B2F~1\venv\python.exe"),
    ],
)  # fmt: skip
def test_a_macro_can_read_the_path_of_python(python, encoding, short, value):
    assert windows.interpreter(python, USER, encoding, lambda _: short) == value
    conf = windows.configured(None, {windows.INTERPRETER: value}, encoding)
    assert windows.setting(conf, windows.INTERPRETER, encoding) == value
    full = windows.expanded(value, USER).lower()
    assert full in ((short or "").lower(), python.lower().replace("pythonw", "python"))


def test_a_path_that_no_macro_can_read_is_refused():
    with pytest.raises(InstallError) as refusal:
        windows.interpreter(r"D:\工具\python.exe", USER, "cp1252", lambda _: None)
    assert str(refusal.value) == (
        r"Python 的路径 D:\工具\python.exe 里有 Windows 当前系统区域写不出的字，Excel 的宏打不开它。"
        r"请把 Python 装到只有英文字母的文件夹（如 C:\gongkai），再重新安装。"
    )


def test_a_user_whose_name_no_macro_can_read_is_told(pc, tmp_path):
    environ = {**pc.environ, "USERPROFILE": str(tmp_path / "填报员")}
    with pytest.raises(InstallError, match="填报员 的名字里有 Windows 当前系统区域写不出的字"):
        windows.install(environ, pc.executable, base="", encoding="cp1252")
    assert not (tmp_path / "填报员").exists()


@pytest.mark.parametrize("missing", ["APPDATA", "USERPROFILE"])
def test_no_user_folder_is_told(pc, as_computer, missing):
    as_computer(changed(pc, environ={key: value for key, value in pc.environ.items() if key != missing}))
    for command in ("install", "uninstall"):
        result = Result(command)
        assert (result.code, result.out) == (2, "")
        assert result.err == f"没有环境变量 {missing}，不知道用户文件夹在哪里。请登录 Windows 桌面后再运行。\n"
    assert check(facts.collect(), "用户文件夹").state == "error"


def test_the_stores_python_is_refused(pc, as_computer):
    windows.uninstall(pc.environ)
    as_computer(changed(pc, base=r"C:\Program Files\WindowsApps\PythonSoftwareFoundation.Python.3.12_3.12.2032.0_x64"))
    result = Result("install")
    assert (result.code, result.out) == (2, "")
    assert "Microsoft Store 版的 Python" in result.err
    assert not places(pc).xlam.exists()


def test_an_incomplete_kit_is_told(pc, tmp_path):
    with pytest.raises(InstallError) as refusal:
        windows.install(pc.environ, pc.executable, base="", encoding="gbk", source=tmp_path / "gongkai.xlam")
    assert str(refusal.value) == "程序里没有加载项文件 gongkai.xlam，安装包不完整。请重新安装 gongkai。"


def test_a_file_that_excel_holds_is_told(pc, monkeypatch):
    places(pc).xlam.write_bytes(b"older")

    def locked(*_, **__):
        raise PermissionError(13, "in use")

    monkeypatch.setattr(Path, "replace", locked)
    with pytest.raises(InstallError) as refusal:
        windows.install(pc.environ, pc.executable, base="", encoding="gbk")
    sentence = (
        f"无法改动 {places(pc).xlam}：Excel 正开着它，或没有权限。请关闭全部 Excel 窗口后再运行一次；"
        "仍然不行的，请信息技术人员检查这个文件夹的权限。"
    )
    assert str(refusal.value) == sentence
    assert places(pc).xlam.read_bytes() == b"older"
    assert tree(places(pc).xlam.parent) == ["gongkai.xlam"]
    monkeypatch.setattr(Path, "unlink", locked)
    with pytest.raises(InstallError) as refusal:
        windows.uninstall(pc.environ)
    assert str(refusal.value) == sentence


def test_a_configuration_that_cannot_be_read_is_told(pc):
    places(pc).conf.unlink()
    places(pc).conf.mkdir()
    with pytest.raises(InstallError, match=r"gongkai\.conf：Excel 正开着它，或没有权限。"):
        windows.uninstall(pc.environ)


def test_a_place_that_cannot_be_written_is_told(pc, tmp_path):
    in_the_way = tmp_path / "file"
    in_the_way.write_bytes(b"")
    environ = {**pc.environ, "APPDATA": str(in_the_way)}
    with pytest.raises(InstallError) as refusal:
        windows.install(environ, pc.executable, base="", encoding="gbk")
    target = in_the_way / "Microsoft/Excel/XLSTART/gongkai.xlam"
    assert str(refusal.value) == f"无法写入 {target}：路径中有同名的文件或文件夹。请换一个位置。"


def test_quarantine_is_noticed(pc, monkeypatch):
    def quarantine(path, data):
        files.write_whole(path, data)
        path.unlink()

    places(pc).xlam.unlink()
    monkeypatch.setattr(windows, "write_whole", quarantine)
    with pytest.raises(InstallError) as refusal:
        windows.install(pc.environ, pc.executable, base="", encoding="gbk")
    assert str(refusal.value) == (
        f"{places(pc).xlam} 刚写好就被删除或改动了，多半是安全软件隔离了它。请信息技术人员把这个文件加入信任名单，再运行一次。"
    )


def test_the_options_of_linux_are_refused_on_windows(pc, as_computer):
    as_computer(pc)
    result = Result("install", "--oxt", "x.oxt")
    assert (result.code, result.out) == (2, "")
    assert result.err == "--oxt 和 --wheels 只用于 Linux 上的 LibreOffice。在 Windows 上请不带选项运行。\n"


# --- the doctor on Windows


def test_a_healthy_windows_pc(pc):
    found = doctor.examine(pc)
    assert [(one.name, one.state) for one in found] == [(name, "ok") for name in NAMES]
    assert doctor.is_fine(found)
    assert check(pc, "Excel").message == "版本 16.0.17928.20114，64 位。"
    assert check(pc, "Python").message == "3.12.4，64 位。"
    assert check(pc, "配置").message == f"按钮使用 {pc.executable}。"
    assert check(pc, "宏").message == "禁用宏并通知（默认）（默认）；加载项在受信任的文件夹里。"


WPS = {r"HKCU\Software\Kingsoft\Office\6.0\Common": {"InstallRoot": r"C:\WPS\12.1"}}
CLSID = "{00024500-0000-0000-C000-000000000046}"
TAKEN = {
    r"HKCR\Excel.Application\CLSID": {"": CLSID},
    rf"HKCR\CLSID\{CLSID}\LocalServer32": {"": r"C:\WPS\12.1\office6\et.exe /automation"},
}
NO_EXCEL = list(EXCEL)[:2]
UNTRUSTED = {rf"{POLICY}\{LOCATIONS}": {"AllLocationsDisabled": 1}}
BLOB = b"\x01\0\0\0\x10\0\0" + "C:\\XLSTART\\Gongkai.XLAM".encode("utf-16-le")


def level(number, root=POLICY):
    return {rf"{root}\{SECURITY}": {"VBAWarnings": number}}


@pytest.mark.parametrize(
    ("keys", "without", "name", "state", "said"),
    [
        ({}, NO_EXCEL, "Excel", "error", "没有找到 Excel。需要按钮的，请信息技术人员安装 Excel；gongkai validate 不需要 Excel。"),
        (WPS, NO_EXCEL, "Excel", "error", r"只有 WPS（C:\WPS\12.1），没有 Excel。按钮不能在 WPS 里使用；模板的内置校验在 WPS 里照常"),
        (TAKEN, (), "Excel", "error", "WPS 接管了它的自动化接口"),
        ({rf"HKLM\{APP_PATHS}\excel.exe": {"": r"C:\WPS\office6\et.exe"}}, (), "Excel", "error", "没有找到 Excel"),
        ({r"HKLM\SOFTWARE\Microsoft\Office\14.0\Excel\InstallRoot": {"Path": r"C:\Program Files (x86)\Office14\\"}}, NO_EXCEL,
         "Excel", "ok", "版本 14.0，32 位。"),
        ({r"HKCU\Software\Microsoft\Windows\CurrentVersion\Explorer\FileExts\.xlsx\UserChoice": {"ProgId": "ET.Xlsx.6"}}, (),
         "默认程序", "warning", "双击 .xlsx 文件打开的是 WPS（ET.Xlsx.6），里面没有按钮"),
        (level(4), (), "宏", "warning", "禁用全部宏，不通知（管理员策略）。加载项在受信任的文件夹里，功能区“政务公开”里的按钮可以用；.xlsm 模板里的按钮不能用"),
        (level(3, rf"HKCU\{OFFICE}"), (), "宏", "warning", "只启用有数字签名的宏（用户设置）。"),
        (level(4) | UNTRUSTED, (), "宏", "error", "XLSTART 不是受信任位置，按钮不能用。请信息技术人员把这个文件夹加入 Excel 的受信任位置"),
        (level(4, r"HKLM\Software\Policies\Microsoft\Office\16.0") | UNTRUSTED, (), "宏", "error", "gongkai validate --active"),
        (level(1) | UNTRUSTED, (), "宏", "warning", "启用全部宏（管理员策略），但 "),
        # The administrator's setting counts, whatever the user's says.
        (level(1) | level(4, rf"HKCU\{OFFICE}"), (), "宏", "ok", "启用全部宏（管理员策略）；加载项在受信任的文件夹里。"),
        ({rf"{POLICY}\Common\Security\Trusted Locations": {"Allow User Locations": 0}}, (), "宏", "warning", "不是受信任位置"),
        ({rf"HKCU\{OFFICE}\{LOCATIONS}\Location1": {"Path": r"D:\forms"}}, (), "宏", "warning", "不是受信任位置"),
        ({rf"HKCU\{OFFICE}\{LOCATIONS}\Location1": {"Path": "%APPDATA%"}}, (), "宏", "warning", "不是受信任位置"),
        ({rf"HKCU\{OFFICE}\{LOCATIONS}\Location1": {"Path": "%AppData%\\", "AllowSubfolders": 1}}, (), "宏", "ok", "在受信任的文件夹里"),
        ({}, [list(EXCEL)[2]], "宏", "ok", "在受信任的文件夹里"),
        ({rf"HKCU\{OFFICE}\{LOCATIONS}\Location0": {"Description": "x"}}, (), "宏", "ok", "在受信任的文件夹里"),
        ({rf"{POLICY}\{SECURITY}": {"blockcontentexecutionfrominternet": 1}}, (), "来自互联网的宏", "warning",
         "被策略禁用。从邮件或网页得到的 .xlsm 模板，请先右键 → 属性 → 勾选“解除锁定”"),
        ({rf"{POLICY}\{SECURITY}": {"RequireAddinSig": 1}}, (), "加载项", "error", "Excel 要求加载项有数字签名（管理员策略），本加载项没有签名"),
        ({rf"HKCU\{OFFICE}\{SECURITY}": {"DisableAllAddins": 1}}, (), "加载项", "error", "Excel 禁用了全部加载项（用户设置），按钮不会出现"),
        ({ASR: {windows_checks.ASR_RULE.upper(): "1"}}, (), "Defender", "error",
         "（d4f940ab-401b-4efc-aadc-ad5f3c50688a）禁止 Excel 启动 Python，按钮不能用。请在 Excel 中打开工作簿后，在命令行运行 gongkai validate --active"),
        ({ASR.replace("Policies\\", ""): {windows_checks.ASR_RULE: 1}}, (), "Defender", "error", "禁止 Excel 启动 Python"),
        ({ASR: {windows_checks.ASR_RULE: "6"}}, (), "Defender", "error", "警告并拦下 Excel 启动 Python"),
        ({rf"{DEFENDER}\Policy Manager": {"ASRRules": f"x=2|{windows_checks.ASR_RULE}=1"}}, (), "Defender", "error", "禁止"),
        ({ASR: {windows_checks.ASR_RULE: "2"}}, (), "Defender", "warning", "现在只作记录，按钮可以用"),
        ({ASR: {windows_checks.ASR_RULE: "0", "be9ba2d9-53ea-4cdc-84e5-9b1eeee46550": "1"}}, (), "Defender", "ok", "没有启用"),
        ({rf"HKCU\{OFFICE}\Excel\Resiliency\DisabledItems": {"A1B2": BLOB}}, (), "禁用项目", "error", "Excel 上次出错后停用了 gongkai.xlam"),
        ({rf"HKCU\{OFFICE}\Excel\Resiliency\DisabledItems": {"A1B2": b"other"}}, (), "禁用项目", "ok", "没有停用"),
    ],
)  # fmt: skip
def test_what_the_registry_tells(pc, keys, without, name, state, said):
    found = check(with_keys(pc, keys, without), name)
    assert found.state == state
    assert said in found.message
    if state == "error":
        assert "请" in found.message


def test_an_add_in_that_is_not_ours_is_told(pc):
    xlam = places(pc).xlam
    xlam.write_bytes(b"older")
    assert check(pc, "加载项文件").message == (
        f"{xlam} 与本版本附带的不同（SHA-256 da925a30e31f，应为 e6d74fd03fde），可能是旧版本。"
        "请关闭 Excel，运行 gongkai addin install。"
    )
    xlam.unlink()
    assert check(pc, "加载项文件") == Check(
        "加载项文件", "error",
        f"{xlam} 不存在。请关闭 Excel，运行 gongkai addin install；装过又不见了的，请信息技术人员检查是否被安全软件隔离。",
    )  # fmt: skip
    xlam.mkdir()
    assert check(pc, "加载项文件").message.endswith("请信息技术人员检查这个文件的权限。")


def test_a_kit_without_its_add_in_is_told(pc):
    windows.XLAM.unlink()
    assert check(pc, "加载项文件").message == "程序里没有 gongkai.xlam，安装包不完整。请信息技术人员重新安装 gongkai。"


@pytest.mark.skipif(sys.platform == "win32", reason="there the mark is a stream of the file, and not another file")
@pytest.mark.parametrize(("zone", "state"), [("3", "error"), ("4", "error"), ("1", "ok")])
def test_the_mark_of_the_web_is_seen(pc, zone, state):
    Path(f"{places(pc).xlam}:Zone.Identifier").write_bytes(f"[ZoneTransfer]\r\nZoneId={zone}\r\n".encode())
    found = check(pc, "加载项文件")
    assert found.state == state
    assert ("带有“来自互联网”的标记，Excel 不会运行它" in found.message) == (state == "error")


def test_a_configuration_that_does_not_work_is_told(pc, tmp_path):
    conf = places(pc).conf
    other = tmp_path / "other.exe"
    for content, state, message in (
        (f'"INTERPRETER_WIN","{tmp_path / "gone.exe"}"', "error", f"{conf} 里写的 Python 不存在：{tmp_path / 'gone.exe'}。请运行 gongkai addin install。"),
        ('"SHOW CONSOLE","False"', "error", f"{conf} 里没有 INTERPRETER_WIN，按钮不知道用哪个 Python。请运行 gongkai addin install。"),
        (f'"INTERPRETER_WIN","{other}"', "warning", f"按钮用的是另一个 Python：{other}，不是运行本命令的 {pc.executable}。要换成它，请运行 gongkai addin install。"),
        ('"INTERPRETER_WIN","%UserProfile%/../kit/python.exe"', "ok", f"按钮使用 {tmp_path}/user/../kit/python.exe。"),
    ):  # fmt: skip
        other.write_bytes(b"")
        conf.write_text(content + "\r\n", "gbk", newline="")
        assert check(pc, "配置") == Check("配置", state, message)
    gone = changed(pc, executable=str(tmp_path / "no" / "python.exe"))
    assert check(gone, "配置").state == "warning"
    conf.unlink()
    assert (
        check(pc, "配置").message == f"{conf} 不存在或打不开，按钮不知道用哪个 Python。请运行 gongkai addin install。"
    )


@pytest.mark.parametrize(
    ("changes", "name", "state", "message"),
    [
        ({"python": (3, 10, 9)}, "Python", "error", "3.10.9 太旧。请信息技术人员安装 Python 3.11 以上的 64 位版本。"),
        ({"bits": 32}, "Python", "warning", "3.12.4 是 32 位的，可以用；离线安装包只有 64 位的组件，重装时请信息技术人员换成 64 位的 Python。"),
        ({"base": r"C:\Program Files\WindowsApps\PythonSoftwareFoundation.Python.3.12"}, "Python 来源", "error",
         "本程序装在 Microsoft Store 版的 Python 里，它写到用户文件夹的文件 Excel 看不到。请信息技术人员改用 python.org 的 64 位安装包，重新安装。"),
        ({"packages": FOUND | {"xlwings": Package()}}, "xlwings", "error",
         "连接 Excel 的组件 xlwings 不能使用。请信息技术人员重新运行安装包里的 install.ps1。"),
        ({"packages": FOUND | {"pywin32": Package(error="ImportError: DLL load failed")}}, "pywin32", "error",
         "连接 Excel 的组件 pywin32 不能使用（ImportError: DLL load failed）。请信息技术人员重新运行安装包里的 install.ps1。"),
        ({"packages": FOUND | {"jsonschema": Package(error="ModuleNotFoundError: rpds")}}, "校验组件", "error",
         "jsonschema 不能使用（ModuleNotFoundError: rpds）。请信息技术人员重新安装 gongkai。"),
        ({"packages": FOUND | {"jsonschema-rs": Package()}}, "校验组件", "warning",
         "jsonschema 4.26.0 可以使用；jsonschema-rs 不能使用，校验较慢，结果相同。可以请信息技术人员重新安装 gongkai。"),
    ],
)  # fmt: skip
def test_what_python_lacks(pc, changes, name, state, message):
    assert check(changed(pc, **changes), name) == Check(name, state, message)


def test_the_doctor_prints_text_or_json(pc, as_computer):
    as_computer(pc)
    healthy = Result("doctor")
    assert healthy.code == 0
    lines = healthy.out.splitlines()
    assert lines[0] == "[正常] Python：3.12.4，64 位。"
    assert lines[-1] == f"共 {len(NAMES)} 项，没有发现妨碍按钮使用的问题。"
    as_computer(with_keys(pc, {ASR: {windows_checks.ASR_RULE: "1"}} | level(4)))
    ill = Result("doctor")
    assert ill.code == 1
    others = [line for line in ill.out.splitlines() if not line.startswith("[正常]")]
    assert [line.partition("：")[0] for line in others] == ["[注意] 宏", "[不行] Defender", "共 14 项，1 项不行。"]
    result = Result("doctor", "--format", "json")
    assert (result.code, result.err) == (1, "")
    document = json.loads(result.out)
    assert (document["system"], document["version"], document["ok"]) == ("Windows", "1.2.3", False)
    assert set(document) == {"system", "version", "ok", "checks"}
    assert [one["name"] for one in document["checks"]] == NAMES
    assert document["checks"][0] == {"name": "Python", "state": "ok", "message": "3.12.4，64 位。"}
    assert [one["state"] for one in document["checks"]].count("error") == 1


def test_wps_is_found_by_its_program_too():
    assert excel_program.find_wps(Table({rf"HKCU\{APP_PATHS}\et.exe": {"": '"C:\\WPS\\et.exe"'}})) == r"C:\WPS\et.exe"
    assert excel_program.find_wps(Table({})) is None


def test_an_excel_without_an_office_key_takes_its_number_from_its_program():
    keys = {
        rf"HKLM\{APP_PATHS}\excel.exe": {"": r"C:\Office15\EXCEL.EXE"},
        r"HKCR\Excel.Application\CurVer": {"": "Excel.Application.15"},
        r"HKLM\SOFTWARE\Microsoft\Office\15.0\Outlook": {"Bitness": "x86"},
    }
    assert excel_program.find(Table(keys)) == excel_program.Excel("15.0", "15.0", 32)


@pytest.mark.skipif(sys.platform == "win32", reason="there is a registry")
def test_other_systems_have_no_registry():
    assert registry.this_computers().values(r"HKCU\Software") == {}
    assert registry.this_computers().keys(r"HKCU\Software") == ()
    assert windows.short_path("/") is None


class Winreg(types.ModuleType):
    """Windows' module for its registry, with different content in its two halves."""

    HKEY_CURRENT_USER, HKEY_LOCAL_MACHINE, HKEY_CLASSES_ROOT = 1, 2, 3
    KEY_READ, KEY_WOW64_64KEY, KEY_WOW64_32KEY = 0x20019, 0x0100, 0x0200
    CONTENT = (
        ((2, "Software\\X", 0x0100), ([("Path", "wide", 1), ("Odd", ["list"], 7)], ["A", "B"])),
        ((2, "Software\\X", 0x0200), ([("PATH", "narrow", 1), ("", 5, 4), ("Raw", b"x", 3)], ["B", "C"])),
    )

    def OpenKey(self, root, path, _reserved, access):  # noqa: N802 - as there
        assert access & 0x20019 == 0x20019
        for key, content in self.CONTENT:
            if key == (root, path, access - 0x20019):
                return contextlib.nullcontext(content)
        raise FileNotFoundError(path)

    def QueryInfoKey(self, handle):  # noqa: N802
        return len(handle[1]), len(handle[0]), 0

    def EnumValue(self, handle, number):  # noqa: N802
        return handle[0][number]

    def EnumKey(self, handle, number):  # noqa: N802
        return handle[1][number]


def test_both_halves_of_the_registry_are_read(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "winreg", Winreg("winreg"))
    spec = importlib.util.spec_from_file_location("registry_on_windows", registry.__file__)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "registry_on_windows", module)
    spec.loader.exec_module(module)
    computer = module.this_computers()
    assert computer.values(r"HKLM\Software\X") == {"path": "wide", "": 5, "raw": b"x"}
    assert computer.keys(r"HKLM\Software\X") == ("A", "B", "C")
    assert computer.values(r"HKCU\Software\X") == {}
    assert computer.keys(r"HKCU\Software\X") == ()


def test_windows_is_asked_for_the_short_path(monkeypatch):
    class Kernel:
        @staticmethod
        def GetShortPathNameW(path, buffer, size):  # noqa: N802 - as there
            if "none" in path:
                return 0
            if "long" in path:
                return size + 1
            buffer.value = r"C:\5DE5~1"
            return len(buffer.value)

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(ctypes, "windll", types.SimpleNamespace(kernel32=Kernel), raising=False)
    assert windows.short_path(r"C:\工具") == r"C:\5DE5~1"
    assert windows.short_path(r"C:\none") is None
    assert windows.short_path(r"C:\long") is None


# --- Linux


LISTING = """All deployed user extensions:

Identifier: org.example.other
  Version: 9.9
  URL: x

Identifier: org.gongkai.button
  Version: {version}
  URL: y
"""


class Programs:
    """LibreOffice's programs as a test wants them to answer; keeps what was asked of them."""

    def __init__(self, **answers):
        version = answers.pop("version", "1.2.3")
        listing = LISTING.format(version=version) if version else "All deployed user extensions:\n\n<none>\n"
        self.answers = {
            "--version": programs.Outcome(0, "LibreOffice 7.4.7.2 40(Build:2)\n"),
            "-c": programs.Outcome(0, "3.11.2\n"),
            "list": programs.Outcome(0, listing),
            "add": programs.Outcome(0),
            "remove": programs.Outcome(0),
            **answers,
        }
        self.asked = []

    def __call__(self, command, seconds):
        assert seconds > 0
        if command[1] == "add":
            self.asked.append((*command[1:-1], Path(command[-1]).name, Path(command[-1]).read_bytes()))
            assert Path(command[-1]).parent.stat().st_mode & 0o077 == 0
        else:
            self.asked.append(tuple(command[1:]))
        return self.answers[command[1]]


def desk(run=None, missing=(), **changes):
    """Return a Linux PC on which everything is right, the extension installed."""
    return Facts(
        system="Linux", python=(3, 11, 2), bits=64, executable="/usr/bin/python3", version="1.2.3", packages=FOUND,
        find=lambda name: None if name in missing else f"/usr/lib/libreoffice/program/{name}", run=run or Programs(),
        **changes,
    )  # fmt: skip


def test_a_healthy_linux_pc():
    assert [(one.name, one.state, one.message) for one in doctor.examine(desk())] == [
        ("Python", "ok", "3.11.2，64 位。"),
        ("校验组件", "ok", "jsonschema 4.26.0，jsonschema-rs 0.60.3。"),
        ("LibreOffice", "ok", "版本 7.4.7.2（/usr/lib/libreoffice/program/soffice）。"),
        ("LibreOffice 的 Python", "ok", "/usr/bin/python3，版本 3.11.2。"),
        ("unopkg", "ok", "/usr/lib/libreoffice/program/unopkg。"),
        ("扩展", "ok", "已安装，版本 1.2.3。"),
    ]


@pytest.mark.parametrize(
    ("computer", "name", "said"),
    [
        (desk(missing=("soffice",)), "LibreOffice", linux.NO_OFFICE),
        (desk(Programs(**{"--version": programs.Outcome(1)})), "LibreOffice",
         "/usr/lib/libreoffice/program/soffice 不能运行。请信息技术人员修复或重新安装 LibreOffice。"),
        (desk(Programs(**{"-c": programs.Outcome(0, "3.9.10\n")})), "LibreOffice 的 Python",
         "/usr/bin/python3 是 3.9.10，扩展需要 3.11 以上。"),
        (desk(Programs(**{"-c": programs.Outcome(1)})), "LibreOffice 的 Python",
         "LibreOffice 不能运行 Python 扩展。请信息技术人员安装 python3-uno 和 libreoffice-script-provider-python"),
        (desk(missing=("unopkg",)), "unopkg", "没有带扩展安装程序 unopkg（Snap、Flatpak 版没有）。"),
        (desk(root=True), "用户", linux.ROOT),
        (desk(Programs(version=None)), "扩展", "没有安装（org.gongkai.button）。请运行 gongkai addin install。"),
        (desk(Programs(version="1.2.2")), "扩展", "装的是 1.2.2，本程序是 1.2.3。请运行 gongkai addin install 换成同一版本。"),
        (desk(Programs(list=programs.Outcome(1, "ERROR: unopkg failed.\n"))), "扩展",
         "unopkg 没有完成查询。请先关闭 LibreOffice，再运行一次；仍然不行的，请把下面的话告诉信息技术人员：ERROR: unopkg failed."),
    ],
)  # fmt: skip
def test_what_libreoffice_lacks(computer, name, said):
    found = check(computer, name)
    assert found.state == "error"
    assert said in found.message


def test_a_python_in_front_of_the_systems_is_worth_knowing(tmp_path):
    for folder, target in (("pyenv", tmp_path / "python3.12"), ("venv", "/usr/bin/env")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "python3").symlink_to(target)
    (tmp_path / "python3.12").touch(0o755)
    said = [
        [one for one in doctor.examine(desk(environ={"PATH": f"{tmp_path / folder}:/usr/bin"})) if "PATH" in one.name]
        for folder in ("pyenv", "venv", "none")
    ]
    assert [len(found) for found in said] == [1, 0, 0]
    assert said[0][0].state == "warning"
    assert f"PATH 中第一个 python3 是 {tmp_path}/pyenv/python3，不是系统的。" in said[0][0].message
    assert "PATH=/usr/bin:/bin soffice" in said[0][0].message


def test_a_ready_extension_is_installed(as_computer, tmp_path):
    run = Programs()
    as_computer(desk(run))
    oxt = tmp_path / "其他名字.oxt"
    oxt.write_bytes(b"extension")
    result = Result("install", "--oxt", oxt)
    assert (result.code, result.err) == (0, "")
    assert (
        result.out == "已安装 LibreOffice 扩展。请重新打开 LibreOffice。没有看到按钮的，请运行 gongkai addin doctor。\n"
    )
    assert run.asked == [("add", "--force", "--suppress-license", "gongkai.oxt", b"extension"), ("list",)]


class BuildError(Exception):
    """Stands in for the builder's."""


@pytest.fixture
def builder(monkeypatch):
    """Put a builder of extensions in place of the real one; it returns the name of its folder."""

    class Builder:
        BuildError = BuildError
        error = None

        @classmethod
        def build(cls, wheels=None):
            if cls.error:
                raise BuildError(cls.error)
            return str(wheels).encode()

    monkeypatch.setitem(sys.modules, "xlwings_addin.extension", Builder)
    monkeypatch.setattr(xlwings_addin, "extension", Builder, raising=False)
    return Builder


@pytest.mark.usefixtures("builder")
@pytest.mark.parametrize(("options", "built"), [((), b"None"), (("--wheels", "组件"), "组件".encode())])
def test_the_extension_is_built_and_installed(as_computer, options, built):
    run = Programs()
    as_computer(desk(run))
    assert Result("install", *options).code == 0
    assert run.asked[0][-1] == built


def test_an_extension_that_cannot_be_built_is_told(as_computer, builder):
    run = Programs()
    as_computer(desk(run))
    builder.error = "没有找到组件。请联网后再试。"
    result = Result("install")
    assert (result.code, result.out, result.err) == (2, "", "没有找到组件。请联网后再试。\n")
    assert run.asked == []


@pytest.mark.parametrize(
    ("computer", "options", "message"),
    [
        (desk(root=True), (), linux.ROOT),
        (desk(missing=("unopkg",)), (), linux.NO_OFFICE),
        (desk(), ("--oxt", "x.oxt", "--wheels", "x"), "--oxt 和 --wheels 只能用一个：--oxt 是现成的扩展，--wheels 用来现做一个。"),
        (desk(), ("--oxt", "没有.oxt"), "没有.oxt：找不到这个文件或文件夹。请检查路径是否写对。"),
        (desk(Programs(add=programs.Outcome(None))), ("--oxt", __file__),
         "unopkg 180 秒没有完成安装。请先关闭 LibreOffice 的全部窗口，再运行一次。"),
        (desk(Programs(add=programs.Outcome(1, "ERROR: unopkg cannot be started. The lock file indicates it is already running."))),
         ("--oxt", __file__), "LibreOffice 正在运行，unopkg 不能安装扩展。请先关闭 LibreOffice 的全部窗口，再运行一次。"),
        (desk(Programs(version=None)), ("--oxt", __file__), "unopkg 说装好了，扩展却不在列表里。请关闭 LibreOffice 后再运行一次。"),
    ],
)  # fmt: skip
def test_what_keeps_an_extension_from_being_installed(as_computer, computer, options, message):
    as_computer(computer)
    result = Result("install", *options)
    assert (result.code, result.out, result.err) == (2, "", f"{message}\n")


def test_the_extension_is_removed(as_computer):
    run = Programs()
    as_computer(desk(run))
    result = Result("uninstall")
    assert (result.code, result.out) == (0, "已删除 LibreOffice 扩展。\n")
    assert run.asked == [("list",), ("remove", "org.gongkai.button")]
    as_computer(desk(Programs(version=None)))
    assert Result("uninstall").out == "没有安装过扩展，不需要删除。\n"
    for computer, sentence in ((desk(root=True), linux.ROOT), (desk(missing=("unopkg",)), linux.NO_OFFICE)):
        as_computer(computer)
        result = Result("uninstall")
        assert (result.code, result.out, result.err) == (2, "", sentence + "\n")


# --- anywhere


@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_other_systems_are_told(as_computer, command):
    as_computer(changed(desk(), system="Darwin"))
    result = Result(command)
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "按钮只能装在 Windows 的 Excel 和 Linux 的 LibreOffice 里，这台电脑是 Darwin。请用命令 gongkai validate 校验文件。\n"
    )
    assert check(facts.collect(), "系统").state == "error"
    assert Result("doctor").code == 1


def test_this_computer_can_be_examined():
    computer = facts.collect()
    assert computer.python == sys.version_info[:3]
    assert computer.executable == sys.executable
    assert computer.packages["jsonschema"].version
    assert computer.version == __version__
    assert CHINESE.search(doctor.as_text(doctor.examine(computer)))


def test_a_package_that_fails_says_why():
    assert facts._package("gongkai", "gongkai.no_such_module") == Package(
        error="ModuleNotFoundError: No module named 'gongkai.no_such_module'"
    )


@pytest.mark.parametrize("name", list(COMMANDS))
def test_the_help_is_in_chinese(name):
    result = Result(name, "--help")
    assert result.code == 0
    assert CHINESE.search(COMMANDS[name].help)
    for parameter in COMMANDS[name].params:
        assert CHINESE.search(parameter.help)
        assert all(text in result.out for text in parameter.opts)
    assert not re.search("Usage|Options|required|default|Show this", result.out)
    assert not re.search("Usage|Options|Commands|Show this", Result("--help").out)


def test_the_readme_documents_every_command_and_option():
    readme = (ROOT / "README.md").read_text("utf-8")
    for name, command in COMMANDS.items():
        assert f"gongkai addin {name}" in readme
        for parameter in command.params:
            assert all(text in readme for text in parameter.opts if text.startswith("--")), parameter.name


def test_help_does_not_import_the_work():
    code = "import sys, gongkai.cli; print([name for name in sys.modules if name.startswith('xlwings')])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


# --- programs


def test_a_program_that_hangs_is_ended_with_what_it_started(tmp_path):
    mark = tmp_path / "pid"
    code = f"import os, subprocess as s; p = s.Popen(['sleep', '60']); open({str(mark)!r}, 'w').write(str(p.pid)); p.wait()"
    assert programs.run([sys.executable, "-c", code], 2) == programs.Outcome(None)
    child = int(mark.read_text())
    for _ in range(100):
        state = Path(f"/proc/{child}/stat")
        if not state.exists() or state.read_text().split()[2] == "Z":
            return
        time.sleep(0.05)
    pytest.fail("the child goes on")


def test_a_program_says_how_it_ended():
    code = "import os, sys; print(os.environ.get('PYTHONPATH')); print('x', file=sys.stderr); sys.exit(3)"
    outcome = programs.run([sys.executable, "-c", code], 60, {**os.environ, "PYTHONPATH": "x"})
    assert (outcome.code, sorted(outcome.text.split())) == (3, ["None", "x"])
    assert programs.run(["/no/such/program"], 1).code is None
    assert "No such file" in programs.run(["/no/such/program"], 1).text


def test_an_interrupted_program_is_ended(monkeypatch):
    started = []

    def interrupted(self, timeout):
        started.append((self, timeout))
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "communicate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        programs.run(["sleep", "60"], 50)
    [(process, timeout)] = started
    assert (process.returncode, timeout) == (-9, 50)


def test_programs_are_found_off_the_path(tmp_path, monkeypatch):
    folder = tmp_path / "opt" / "libreoffice7.6" / "program"
    folder.mkdir(parents=True)
    (folder / "unopkg").write_bytes(b"")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(programs, "_PLACES", (f"{tmp_path}/opt/*office*/program",))
    assert programs.find("unopkg") == str(folder / "unopkg")
    assert programs.find("soffice") is None


# --- the real unopkg

DESCRIPTION = """<?xml version="1.0" encoding="UTF-8"?>
<description xmlns="http://openoffice.org/extensions/description/2006">
<identifier value="org.gongkai.button"/><version value="{version}"/></description>"""
MANIFEST = """<?xml version="1.0" encoding="UTF-8"?>
<manifest:manifest xmlns:manifest="http://openoffice.org/2001/manifest"/>"""
NOBODY = 65534


def extension(path, version):
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("description.xml", DESCRIPTION.format(version=version))
        package.writestr("META-INF/manifest.xml", MANIFEST)
    return path.read_bytes()


@pytest.fixture
def somebody():
    """Return what runs programs as a user who is not root, with a home of his own."""
    home = Path(tempfile.mkdtemp(prefix="gongkai-home-"))
    root = os.geteuid() == 0
    if root:
        os.chown(home, NOBODY, NOBODY)

    def run(command, seconds):
        if root and command[1] == "add":
            for path in (Path(command[-1]).parent, Path(command[-1])):
                os.chown(path, NOBODY, NOBODY)
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if root else {}
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=seconds, cwd=home,
            env={"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"}, **user,
        )  # fmt: skip
        return programs.Outcome(done.returncode, done.stdout + done.stderr)

    yield run
    with contextlib.suppress(OSError):
        shutil.rmtree(home)


@pytest.mark.skipif(
    sys.platform == "win32" or programs.find("unopkg") is None, reason="LibreOffice is not installed here"
)
def test_a_real_extension_is_installed_updated_and_removed(tmp_path, somebody):
    unopkg = linux.Unopkg(programs.find("unopkg"), root=False, run=somebody)
    assert unopkg.installed() is None
    assert unopkg.uninstall() is False
    unopkg.install(extension(tmp_path / "1.oxt", "1.0"))
    assert unopkg.installed() == "1.0"
    unopkg.install(extension(tmp_path / "2.oxt", "2.0"))
    assert unopkg.installed() == "2.0"
    assert unopkg.uninstall() is True
    assert unopkg.installed() is None
    with pytest.raises(InstallError, match="unopkg 没有完成安装。"):
        unopkg.install(b"no extension")
