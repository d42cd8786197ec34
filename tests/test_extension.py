"""The extension of LibreOffice as a file: what it holds, how it is built, and that its libraries do for the core."""

from __future__ import annotations

import ast
import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from gongkai import __version__, stamp
from libreoffice.office import need
from xlwings_addin import extension, libreoffice

ROOT = Path(__file__).resolve().parents[1]
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
DESCRIPTION = "{http://openoffice.org/extensions/description/2006}"
REGISTRY = "{http://openoffice.org/2001/registry}"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheels")
    try:
        extension._fetch(folder)
    except extension.BuildError as error:
        need(str(error))
    return folder


@pytest.fixture(scope="module")
def package(wheels):
    with zipfile.ZipFile(io.BytesIO(extension.build(wheels))) as opened:
        yield opened


@pytest.fixture(scope="module")
def pythonpath(package, tmp_path_factory):
    folder = tmp_path_factory.mktemp("oxt")
    package.extractall(folder)
    return folder / "pythonpath"


def test_the_same_sources_give_the_same_bytes(wheels, tmp_path):
    for wheel in sorted(wheels.iterdir(), reverse=True):
        shutil.copy(wheel, tmp_path)
    assert extension.build(tmp_path) == extension.build(wheels)


def test_the_extension_says_who_it_is(package):
    root = ET.fromstring(package.read("description.xml"))  # noqa: S314 - our own
    assert root.find(f"{DESCRIPTION}identifier").get("value") == "org.gongkai.button"
    assert root.find(f"{DESCRIPTION}version").get("value") == __version__
    texts = [part.get("{http://www.w3.org/1999/xlink}href") for part in root.iter(f"{DESCRIPTION}src")]
    assert [package.read(text).decode()[:15] for text in texts] == ["在 LibreOffice 里"]


def test_every_file_of_the_manifest_is_there(package):
    manifest = ET.fromstring(package.read("META-INF/manifest.xml"))  # noqa: S314
    named = [entry.get("{http://openoffice.org/2001/manifest}full-path") for entry in manifest]
    assert sorted(named) == sorted(
        name for name in package.namelist() if "/" not in name and name.endswith((".xcu", ".py"))
    )


def test_menu_and_toolbar_offer_the_three_commands(package):
    addons = ET.fromstring(package.read("Addons.xcu"))  # noqa: S314
    offered = {}
    for bar in addons.iter("node"):
        if bar.get(f"{REGISTRY}name") in {"OfficeMenuBar", "OfficeToolBar"}:
            props = [prop for prop in bar.iter("prop") if prop.get(f"{REGISTRY}name") in {"URL", "Title"}]
            values = [{value.get(LANGUAGE): value.text for value in prop} for prop in props]
            offered[bar.get(f"{REGISTRY}name")] = [value.get("zh-CN", value.get(None)) for value in values]
    entries = [
        "org.gongkai.button:validate", "验证", "org.gongkai.button:clear", "清除标记", "org.gongkai.button:check", "上报检查",
    ]  # fmt: skip
    assert offered == {"OfficeMenuBar": ["政务公开", *entries], "OfficeToolBar": entries}


@pytest.mark.parametrize("file", ["component.py", "pythonpath/gongkai_buttons.py"])
def test_what_libreoffice_loads_itself_is_readable_by_python_3_7(package, file):
    tree = ast.parse(package.read(file), feature_version=(3, 7))
    imported = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {getattr(node, "module", None) or node.names[0].name for node in imported}
    assert not {name for name in names if name.startswith(("gongkai.", "xlwings_addin"))}


def test_only_pure_python_is_brought_along_with_its_licences(package):
    names = package.namelist()
    assert not [name for name in names if name.endswith((".so", ".pyd", ".dll", ".pyc"))]
    licences = [name for name in names if "LICEN" in name.upper() or name.endswith("COPYING")]
    assert licences == [
        "LICENSE",
        "pythonpath/attrs-26.1.0.dist-info/licenses/LICENSE",
        "pythonpath/jsonschema-4.17.3.dist-info/licenses/COPYING",
        "pythonpath/pyrsistent-0.20.0.dist-info/LICENSE.mit",
    ]
    assert package.read("LICENSE") == (ROOT / "LICENSE").read_bytes()
    tools = ("gongkai/cli.py", "gongkai/template.py", "gongkai/merge.py", "xlwings_addin/excel.py")
    assert not {f"pythonpath/{name}" for name in tools} & set(names)


def test_missing_wheels_are_named(tmp_path, wheels):
    for wheel in wheels.iterdir():
        (tmp_path / wheel.name).write_bytes(wheel.read_bytes() + b"\0" * wheel.name.startswith("pyr"))
    with pytest.raises(extension.BuildError, match=r"缺少组件 pyrsistent 0\.20\.0，或者其内容与 vendor\.lock"):
        extension.build(tmp_path)


def test_without_a_network_the_build_says_what_to_do(monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    with pytest.raises(extension.BuildError, match="请检查网络"):
        extension.build()


# --- what the backend does when LibreOffice fails halfway


class Cell:
    """A cell that takes texts, unless it is told to fail."""

    def __init__(self, held, *, fails=False):
        self.held, self.fails = held, fails

    def setString(self, text):  # noqa: N802 - UNO's name
        if self.fails and text == "neu":
            raise OSError
        self.held = text

    def setFormula(self, text):  # noqa: N802
        self.held = text

    def setValue(self, number):  # noqa: N802
        self.held = number


def test_changes_that_fail_halfway_are_taken_back():
    cells = [Cell("alt"), Cell("=A1"), Cell(5.0), Cell("", fails=True), Cell("nie")]
    old = [libreoffice._Formula(cell.held) if cell.held == "=A1" else cell.held for cell in cells]
    with pytest.raises(OSError):  # noqa: PT011 - it is the cell's
        libreoffice._put_all([(cell, before, "neu") for cell, before in zip(cells, old, strict=True)])
    assert [cell.held for cell in cells] == ["alt", "=A1", 5.0, "", "nie"]


# --- the core with what the extension brings along, and nothing else

ALONE = """
import sys
sys.path[:0] = {paths!r}
for name in ("jsonschema_rs", "rpds", "referencing"):
    sys.modules[name] = None  # as if it were not installed
import gongkai, jsonschema, pyrsistent
assert gongkai.__file__.startswith({pythonpath!r}), gongkai.__file__
assert jsonschema.__file__.startswith({pythonpath!r}), jsonschema.__file__
assert jsonschema.__version__ == "4.17.3", jsonschema.__version__
assert "pvectorc" not in sys.modules
gongkai.__path__.append({source!r})  # the modules that only the tests need
import pytest
sys.exit(pytest.main({arguments!r}))
"""


def test_the_validation_cases_hold_with_what_the_extension_brings_along(pythonpath, tmp_path):
    arguments = ["-q", "-p", "no:cacheprovider", "-k", "test_case or clean or examples", "--rootdir", str(ROOT)]
    arguments += [str(ROOT / "tests" / "test_validation.py")]
    source = str(ROOT / "src" / "gongkai")
    code = ALONE.format(paths=[str(pythonpath)], pythonpath=str(pythonpath), source=source, arguments=arguments)
    alone = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, encoding="utf-8", cwd=tmp_path, env=alone
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert " failed" not in done.stdout
    assert int(done.stdout.rsplit("\n", 2)[-2].split(" passed")[0].split()[-1]) > 150


def test_the_button_needs_no_module_that_the_extension_lacks(pythonpath):
    code = (
        f"import sys; sys.path = [{str(pythonpath)!r}, *[p for p in sys.path if 'site-packages' not in p]];"
        "sys.meta_path = [f for f in sys.meta_path if 'editable' not in repr(f).lower()];"
        "from xlwings_addin import button, libreoffice; from gongkai import stamp; print(stamp.CELLS.reference)"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == stamp.CELLS.reference
