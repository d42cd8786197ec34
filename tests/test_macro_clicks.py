"""What a click on 验证 does before Python runs: our macros in LibreOffice's Basic, with a stand-in for xlwings.

They run in the committed workbooks and read the sentences there. Only the four names that LibreOffice has no
counterpart for are led to the stand-in, and ``#If Mac`` is decided beforehand, which Basic leaves undecided.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import workbooks as w
from gongkai.macros import MESSAGES
from libreoffice.office import BRIDGE, find_python, find_soffice
from xlwings_addin import vba_project

WORKBOOK = w.ROOT / "templates" / "政府信息公开年报统计表-2021年版.xlsm"
XLAM = w.ROOT / "xlwings_addin" / "gongkai.xlam"
PYTHON = r"C:\Python\python.exe"
MISSING_IN_LIBREOFFICE = {
    "Application.ActiveProtectedViewWindow": "xlwings.ProtectedView()",
    "MsgBox ": "xlwings.Say ",
    "xlwings.WScript.CurrentDirectory": "xlwings.CurrentDirectory",
    "xlwings.WScript.Run(": "xlwings.RunHidden(",
}
NOT_FOR_MACS = [name for name in MISSING_IN_LIBREOFFICE if name != "MsgBox "]
STAND_IN = r"""
Option Explicit
Public Const PROJECT_NAME As String = "gongkai"
Public CurrentDirectory As String
Private told As String

Private Sub Note(ByVal text As String)
    told = told & text & vbLf
End Sub

Public Function Story() As String
    Story = told & "in " & CurrentDirectory
End Function

Public Sub Say(ByVal text As String, ByVal style As Long, ByVal title As String)
    Note "say " & title & ": " & text
End Sub

Public Sub Begin()
    CurrentDirectory = "before"
End Sub

Public Function ProtectedView() As Object
    If {protected} Then Set ProtectedView = ThisWorkbook Else Set ProtectedView = Nothing
End Function

Public Function SheetExists(wb As Workbook, sheetName As String) As Boolean
    Dim sht As Object
    On Error Resume Next
        Set sht = wb.Sheets(sheetName)
    On Error GoTo 0
    SheetExists = Not sht Is Nothing
End Function

Public Function FileExists(ByVal FileSpec As String) As Boolean
    FileExists = InStr("|{files}|", "|" & FileSpec & "|") > 0
End Function

Public Function GetDirectoryConfigFilePath() As String
    GetDirectoryConfigFilePath = "beside\gongkai.conf"
End Function

Public Function GetConfig(configKey As String, Optional default As String, Optional source As String) As Variant
    If source <> "user" Then Err.Raise 5
    If {damaged} Then Err.Raise {damaged}
    GetConfig = default
    If configKey = "INTERPRETER_WIN" Then GetConfig = "{python}"
    If configKey = "ADD_WORKBOOK_TO_PYTHONPATH" And "{beside}" <> "" Then GetConfig = "{beside}"
End Function

Public Function ParentFolder(ByVal Folder)
    ParentFolder = Left$(Folder, InStrRev(Folder, "\") - 1)
End Function

Public Function RunHidden(ByVal command As String, ByVal window As Long, ByVal wait As Boolean) As Long
    Note "ask " & window & wait & " in " & CurrentDirectory
    If {refused} Then Err.Raise 70
    RunHidden = {answer}
End Function

Public Function RunPython(PythonCommand As String)
    Note "run " & PythonCommand & " in " & CurrentDirectory
    If {blocked} Then Err.Raise 53
    RunPython = {result}
End Function
"""
ASKED = r"ask 0True in C:\Python"
RAN = r"run import xlwings_addin; xlwings_addin.{}() in C:\Python"


@dataclass(frozen=True)
class Click:
    """A click and what must follow: what is said (a key, or None), whether Python was asked and run.

    ``sheets`` are added to the workbook, ``file`` is its name; ``world`` is what is not as in ``WORLD``.
    """

    says: str | None = None
    asks: int = 1
    runs: tuple[str, ...] = ("validate",)
    macros: tuple[str, ...] = ("ValidateReport",)
    sheets: tuple[str, ...] = ()
    file: str = WORKBOOK.name
    book: Path = WORKBOOK
    mac: bool = False
    world: dict[str, object] = field(default_factory=dict)


def stopped(says, **more):
    return Click(says, 0, (), **more)


CLICKS = {
    "all is well": Click(),
    "clear": Click(macros=("ClearMarks",), runs=("clear",)),
    "check": Click(macros=("CheckSubmission",), runs=("check",)),
    "asked once a session": Click(macros=("ValidateReport", "CheckSubmission"), runs=("validate", "check")),
    "a network folder": Click(world={"python": r"\\server\share\python.exe", "files": r"\\server\share\python.exe"}),
    "protected view": stopped("protected_view", world={"protected": True}),
    "a sheet of settings": stopped("own_code", sheets=("gongkai.conf",)),
    "a sheet of settings in capitals": stopped("own_code", sheets=("GONGKAI.CONF",)),
    "a sheet of code": stopped("own_code", sheets=("evil.py",)),
    "a sheet of code in capitals": stopped("own_code", sheets=("evil.PY",)),
    "settings beside the workbook": stopped("own_code", world={"files": rf"{PYTHON}|beside\gongkai.conf"}),
    "a name that ends the list of paths": stopped("risky_name", file="a;b;c.xlsm"),
    "a name that ends the command": stopped("risky_name", file="a^&calc&.xlsm"),
    "a name that is a variable of Windows": stopped("risky_name", file="%PATHEXT%.xlsm"),
    "a name that is a variable of Python": stopped("risky_name", file="a$PATHEXT.xlsm"),
    "a name as people give them": Click(file="2023 年报（终稿）& 附表 - 副本$1.xlsm"),
    "not installed": stopped("not_installed", world={"python": ""}),
    "just python": stopped("not_installed", world={"python": "python", "files": "python"}),
    "a path from here": stopped("not_installed", world={"python": r"bin\python.exe", "files": r"bin\python.exe"}),
    "code beside the workbook allowed": stopped("not_installed", world={"beside": "True"}),
    "code beside the workbook not forbidden": stopped("not_installed", world={"beside": ""}),
    "damaged settings": stopped("not_installed", world={"damaged": 62}),
    "nothing may be created": stopped("refused", world={"damaged": 429}),
    "python is gone": stopped("no_python", world={"files": ""}),
    "python is old": Click("python_old", 1, (), world={"answer": 41}),
    "no xlwings": Click("no_xlwings", 1, (), world={"answer": 42}),
    "no add-in": Click("no_addin", 1, (), world={"answer": 43}),
    "cmd.exe is forbidden": Click("python_fails", 1, (), world={"answer": 1}),
    "cmd.exe does nothing": Click("python_fails", 1, (), world={"answer": 0}),
    "python is not found": Click("python_fails", 1, (), world={"answer": 9009}),
    "no child process": Click("refused", 1, (), world={"refused": True}),
    "no child process after all": Click("refused", world={"blocked": True}),
    "python fails": Click("failed", world={"result": -1}),
    "on a Mac": stopped("mac", mac=True),
    "in the add-in": stopped("not_installed", book=XLAM, file=XLAM.name, world={"python": ""}),
}
WORLD = {
    "protected": False, "files": PYTHON, "damaged": 0, "python": PYTHON, "beside": "False", "refused": False,
    "blocked": False, "answer": 40, "result": 0,
}  # fmt: skip


def compiled(source, *, mac):
    """Return a source as Excel compiles it: its ``#If Mac`` decided, its names led to the stand-in."""
    kept, reading = [], [True]
    for line in source.splitlines():
        match line.split():
            case ["#If", "Mac", "Then"]:
                reading.append(mac)
            case ["#If", "Not", "Mac", "Then"]:
                reading.append(not mac)
            case ["#Else"]:
                reading[-1] = not reading[-1]
            case ["#End", "If"]:
                reading.pop()
            case _ if all(reading) and not line.lstrip().startswith("'"):
                kept.append(line)
    text = "\n".join(kept)
    # On a Mac nothing of xlwings may be touched: it does not compile there without a class we leave out.
    assert [name for name in MISSING_IN_LIBREOFFICE if name not in text] == (list(NOT_FOR_MACS) if mac else [])
    assert ("xlwings." in text) is not mac
    for ours, theirs in MISSING_IN_LIBREOFFICE.items():
        text = text.replace(ours, theirs)
    assert "WScript" not in text
    return text.partition("\n")[2]  # the line with the module's name is not code


@pytest.fixture(scope="module")
def stories(office, tmp_path_factory):  # noqa: ARG001 - without LibreOffice there is nothing to run in
    """Return the name of each click → what happened, line by line."""
    folder = tmp_path_factory.mktemp("clicks")
    text = (vba_project.SOURCES / "Gongkai.bas").read_text("ascii")
    sources = {mac: compiled(text, mac=mac) for mac in (False, True)}
    runs = []
    for number, click in enumerate(CLICKS.values()):
        path = w.put(folder / str(number) / click.file, click.book.read_bytes())
        stand_in = STAND_IN
        for name, value in {**WORLD, **click.world}.items():
            stand_in = stand_in.replace(f"{{{name}}}", str(value))
        macros = ["xlwings.Begin", *(f"Gongkai.{macro}" for macro in click.macros)]
        modules = {"xlwings": stand_in, "Gongkai": sources[click.mac]}
        runs.append(
            {
                "path": str(path),
                "sheets": click.sheets,
                "modules": modules,
                "macros": macros,
                "result": "xlwings.Story",
            }
        )
    return dict(zip(CLICKS, in_basic(runs, tmp_path_factory.mktemp("profile")), strict=True))


def in_basic(runs, folder):
    command = [find_python(), BRIDGE.with_name("basic.py"), find_soffice(), folder]
    done = subprocess.run(command, input=json.dumps(runs), capture_output=True, text=True, check=True, timeout=300)
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", CLICKS)
def test_a_click(stories, name):
    click = CLICKS[name]
    folder = {**WORLD, **click.world}["python"].rpartition("\\")[0]
    lines = [ASKED] * click.asks + [RAN.format(entry) for entry in click.runs]
    lines = [line.replace(r"C:\Python", folder) for line in lines]
    if click.says is not None:
        lines.append(f"say {MESSAGES['title']}: {MESSAGES[click.says]}")
    assert stories[name] == "\n".join([*lines, "in before"])  # and Excel is back where it was


def test_every_sentence_has_its_click():
    said = {click.says for click in CLICKS.values()} - {None}
    assert set(MESSAGES) - said == {"title", "no_workbook"}  # a workbook in LibreOffice is always open


# --- what Python is asked


@pytest.fixture(scope="module")
def question():
    """Return the little program that Excel gives Python."""
    source = (vba_project.SOURCES / "Gongkai.bas").read_text("ascii")
    text = source.partition("    program = ")[2].partition("    Question = ")[0]
    program = "".join(re.findall(r'"(.*)"', text))
    assert not set(program) & set('"%^&|>')  # nothing that cmd.exe would take for its own
    return program


@pytest.mark.parametrize(
    ("modules", "version", "code"),
    [
        (("xlwings", "win32com", "gongkai", "xlwings_addin"), (3, 11), 40),
        (("xlwings", "win32com", "gongkai", "xlwings_addin"), (3, 10, 9), 41),
        (("win32com", "gongkai", "xlwings_addin"), (3, 11), 42),
        (("xlwings", "gongkai", "xlwings_addin"), (3, 13), 42),
        (("xlwings", "win32com", "xlwings_addin"), (3, 13), 43),
        (("xlwings", "win32com", "gongkai"), (3, 13), 43),
    ],
)
def test_python_says_what_it_lacks(tmp_path, question, modules, version, code):
    folder = tmp_path / "装 here"
    for name in modules:
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text("raise SystemExit(99)\n")  # found, but not run
    for trap in ("gongkai.py", "types.py", "importlib.py", "win32com.py"):  # what may lie in the current folder
        (tmp_path / trap).write_text("raise SystemExit(98)\n")
    program = f"import sys; sys.version_info = {version}; {question}"
    command = [sys.executable, "-S", "-B", "-c", program, f"{folder};"]
    alone = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    assert subprocess.run(command, cwd=tmp_path, env=alone, check=False).returncode == code


# --- LibreOffice opens it


def test_libreoffice_shows_the_workbook_with_macros(office):
    with office.open(WORKBOOK) as ours, office.open(WORKBOOK.with_suffix(".xlsx")) as plain:
        assert ours.sheets() == plain.sheets()
        assert ours.hidden_sheets() == plain.hidden_sheets()
        for sheet in ours.sheets()[:-1]:
            assert ours.read(sheet, "A1:P60") == plain.read(sheet, "A1:P60"), sheet
