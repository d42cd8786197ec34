"""The folder for Windows PCs without a network: built once for real, and what may go wrong with it."""

from __future__ import annotations

import dataclasses
import email
import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import tree_sitter
import tree_sitter_powershell
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import parse_wheel_filename
from typer.testing import CliRunner

from gongkai import __version__
from gongkai import cli as commands
from xlwings_addin import extension
from xlwings_addin.deployment import bundle, programs, sbom

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "xlwings_addin" / "deployment" / "install.ps1"
PIN = re.compile(r"^([a-z0-9-]+)==(\S+) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE)
COMPILED = ("pywin32", "rpds-py", "xlwings")
"""What there is a wheel of for each version of Python."""


def run(*arguments):
    outcome = CliRunner().invoke(commands.app, ["addin", "bundle", *map(str, arguments)])
    if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    return outcome


def pins(text):
    return {name: (version, set(re.findall("[0-9a-f]{64}", hashes))) for name, version, hashes in PIN.findall(text)}


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def inside(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


# --- the real one


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """Return a bundle made by the command, for every Python; without the package registry its tests are skipped."""
    folder = tmp_path_factory.mktemp("bundle")
    probe = ["-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder / "probe", "xlrd"]
    quick = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_RETRIES": "1"}
    if subprocess.run([sys.executable, *probe], check=False, capture_output=True, env=quick).returncode:
        pytest.skip("the package registry is not within reach")
    outcome = run("-d", folder / "安装包")
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    return folder / "安装包", outcome.stdout


@pytest.mark.registry
def test_the_bundle_has_everything(built):
    folder, said = built
    locked = pins((ROOT / bundle.LOCK).read_text("utf-8"))
    wheels = sorted((folder / "wheels").iterdir())
    count = len(locked) + 2 * len(COMPILED) + 1
    assert said == (
        f"已做好 {folder}：\nPython 3.11、3.12、3.13 的组件 {count} 个\nLibreOffice 扩展 gongkai.oxt\n组件清单 sbom.cdx.json：{len(locked) + 1} 个软件包\n"
    )
    assert len(wheels) == count
    assert [name for name in inside(folder) if not name.startswith("wheels/")] == [
        "SHA256SUMS.txt", "gongkai.oxt", "install.ps1", "requirements-windows.lock", "sbom.cdx.json", "说明.txt",
    ]  # fmt: skip
    assert {path.name for path in folder.parent.iterdir()} == {"probe", "安装包"}
    found = {}
    for wheel in wheels:
        name, version, _, tags = parse_wheel_filename(wheel.name)
        found.setdefault(name, []).append(wheel)
        for tag in tags:
            assert tag.platform in ("any", "win_amd64")
        if name != "gongkai":
            assert locked[name][0] == str(version)
            assert digest(wheel) in locked[name][1]
    assert set(found) == {*locked, "gongkai"}
    for name in COMPILED:
        assert [re.search("-cp3(11|12|13)-", wheel.name)[1] for wheel in found[name]] == ["11", "12", "13"]


@pytest.mark.registry
def test_the_checksums_hold(built):
    folder, _ = built
    lines = (folder / "SHA256SUMS.txt").read_text("utf-8").splitlines()
    listed = dict(reversed(line.split("  ")) for line in lines)
    assert set(listed) == {*inside(folder)} - {"SHA256SUMS.txt"}
    assert {name: digest(folder / name) for name in listed} == listed


@pytest.mark.registry
def test_the_kits_own_wheel_is_pinned_too(built):
    folder, _ = built
    text = (folder / bundle.LOCK).read_text("utf-8")
    assert text.startswith((ROOT / bundle.LOCK).read_text("utf-8"))
    ours = next((folder / "wheels").glob("gongkai-*.whl"))
    assert pins(text)["gongkai"] == (__version__, {digest(ours)})
    names = zipfile.ZipFile(ours).namelist()
    for name in (
        "gongkai.xlam",
        "deployment/install.ps1",
        "deployment/windows.py",
        "oxt/description.xml",
        "vba/Gongkai.bas",
    ):
        assert f"xlwings_addin/{name}" in names


@pytest.mark.registry
@pytest.mark.parametrize("python", bundle.PYTHONS)
def test_nothing_is_missing_on_windows(built, python):
    """Everything that a wheel asks for on Windows under this Python is in the bundle, in a version that fits."""
    folder, _ = built
    windows = {
        **default_environment(), "sys_platform": "win32", "platform_system": "Windows", "os_name": "nt",
        "python_version": python, "python_full_version": f"{python}.0", "extra": "",
    }  # fmt: skip
    tag = f"cp{python.replace('.', '')}"
    wheels = {}
    for wheel in (folder / "wheels").iterdir():
        name, version, _, tags = parse_wheel_filename(wheel.name)
        if any(one.interpreter in (tag, "py3", "py2.py3") or one.abi == "abi3" for one in tags):
            wheels[name] = (version, wheel)
    asked = 0
    for name, (_, wheel) in wheels.items():
        with zipfile.ZipFile(wheel) as package:
            metadata = next(one for one in package.namelist() if one.endswith(".dist-info/METADATA"))
            lines = email.message_from_bytes(package.read(metadata)).get_all("Requires-Dist") or []
        for requirement in map(Requirement, lines):
            if requirement.marker is None or requirement.marker.evaluate(windows):
                asked += 1
                assert requirement.specifier.contains(wheels[requirement.name.lower().replace("_", "-")][0]), name
    assert asked > len(pins((ROOT / bundle.LOCK).read_text("utf-8"))) // 2
    assert "xlwings" in wheels


@pytest.mark.registry
def test_pip_takes_it_without_a_network(built, tmp_path):
    folder, _ = built
    target = ["--platform", "win_amd64", "--implementation", "cp", "--python-version", "3.12", "--target", tmp_path]
    safe = ["--no-index", "--require-hashes", "--only-binary", ":all:", "--find-links", folder / "wheels"]
    command = ["-m", "pip", "--isolated", "--disable-pip-version-check", "install", "--quiet", *safe, *target]
    subprocess.run([sys.executable, *command, "--requirement", folder / bundle.LOCK], check=True)
    for name in ("gongkai/cli.py", "xlwings_addin/gongkai.xlam", "xlwings/main.py", "win32com/__init__.py"):
        assert (tmp_path / name).is_file()


@pytest.mark.registry
def test_the_note_can_be_read_in_notepad(built):
    folder, _ = built
    data = (folder / "说明.txt").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\n") == data.count(b"\r\n")
    note = data.decode("utf-8-sig")
    assert f"政务公开年报验证 {__version__}" in note
    assert "Python 3.11、3.12、3.13（" in note
    assert "powershell -ExecutionPolicy Bypass -File install.ps1\r\n" in note
    assert "unopkg add --force --suppress-license gongkai.oxt" in note


# --- the bill of materials


def valid(text):
    """Return a bill after the official schema has found nothing wrong with it."""
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    return json.loads(text)


@pytest.mark.registry
def test_the_bill_lists_everything_in_the_bundle(built):
    folder, _ = built
    bill = valid((folder / "sbom.cdx.json").read_text("utf-8"))
    kit = bill["metadata"]["component"]
    packages = [kit, *(one for one in bill["components"] if one["type"] == "library")]
    locked = pins((ROOT / bundle.LOCK).read_text("utf-8"))
    assert {one["name"]: one["version"] for one in packages} == {
        **{name: version for name, (version, _) in locked.items()}, "gongkai": __version__,
    }  # fmt: skip
    assert all(one["purl"] == f"pkg:pypi/{one['name']}@{one['version']}" and one["licenses"] for one in packages)
    files = [inner for one in packages for inner in one["components"] if inner["name"].startswith("wheels/")]
    files += [one for one in bill["components"] if one["type"] == "file"]
    listed = {one["name"]: one["hashes"][0]["content"] for one in files}
    assert listed == {name: digest(folder / name) for name in {*inside(folder)} - {"SHA256SUMS.txt", "sbom.cdx.json"}}
    brought = {one["name"]: one["hashes"][0]["content"] for one in kit["components"]}
    for path in (*(ROOT / "templates").iterdir(), *(ROOT / "schema").iterdir()):
        assert brought[f"gongkai/{path.parent.name}/{path.name}"] == digest(path)
    assert brought["xlwings_addin/gongkai.xlam"] == digest(ROOT / "xlwings_addin" / "gongkai.xlam")
    oxt = next(one for one in bill["components"] if one["name"] == "gongkai.oxt")
    vendored = pins((ROOT / "xlwings_addin" / "oxt" / "vendor.lock").read_text("utf-8"))
    assert {one["name"]: one["version"] for one in oxt["components"]} == {n: v for n, (v, _) in vendored.items()}
    needs = {one["ref"]: one["dependsOn"] for one in bill["dependencies"]}
    assert set(needs) == {one["purl"] for one in packages}
    (jsonschema,) = (needs[ref] for ref in needs if ref.startswith("pkg:pypi/jsonschema@"))
    assert [ref.partition("@")[0] for ref in jsonschema] == [
        "pkg:pypi/attrs", "pkg:pypi/jsonschema-specifications", "pkg:pypi/referencing", "pkg:pypi/rpds-py",
    ]  # fmt: skip


def test_the_bill_says_what_the_packages_say(tmp_path):
    (tmp_path / "wheels").mkdir()
    wheel(
        tmp_path / "wheels" / "gongkai-0.1.0-py3-none-any.whl",
        "Name: gongkai\nVersion: 0.1.0\nSummary: 统计表\nLicense-Expression: Apache-2.0 OR MIT\n"
        "Requires-Dist: Typing_Extensions>=4\nRequires-Dist: excel; extra == 'excel'\nRequires-Dist: distributed; extra == 'x'\n",
        ["gongkai/templates/表.xlsx", "xlwings_addin/gongkai.xlam", "gongkai/cli.py"],
    )
    for python in ("cp311", "cp312"):
        wheel(
            tmp_path / "wheels" / f"excel-2-{python}-{python}-win_amd64.whl",
            "Name: Excel\nVersion: 2\nClassifier: License :: OSI Approved :: MIT License\nRequires-Dist: gongkai; extra == 'dev'\n",
        )
    wheel(
        tmp_path / "wheels" / "typing_extensions-4-py3-none-any.whl",
        f"Name: typing_extensions\nVersion: 4\nLicense: {'long ' * 50}\n",
    )
    vendored = tmp_path / "attrs-26"
    wheel(vendored, "Name: attrs\nVersion: 26\nLicense: A licence of one's own\n")
    vendored.rename(tmp_path / "gongkai.oxt")
    (tmp_path / "说明.txt").write_text("好", "utf-8")
    assert sbom.write(tmp_path) == 3
    text = (tmp_path / "sbom.cdx.json").read_text("utf-8")
    bill = valid(text)
    kit = bill["metadata"]["component"]
    assert (kit["description"], kit["licenses"]) == ("统计表", [{"expression": "Apache-2.0 OR MIT"}])
    assert [one["name"] for one in kit["components"]] == [
        "wheels/gongkai-0.1.0-py3-none-any.whl", "gongkai/templates/表.xlsx", "xlwings_addin/gongkai.xlam",
    ]  # fmt: skip
    told = {
        one["name"]: (one.get("licenses"), [inner["name"] for inner in one.get("components", ())])
        for one in bill["components"]
    }
    assert told == {
        "excel": ([{"license": {"id": "MIT"}}], [f"wheels/excel-2-{p}-{p}-win_amd64.whl" for p in ("cp311", "cp312")]),
        "typing-extensions": (None, ["wheels/typing_extensions-4-py3-none-any.whl"]),
        "gongkai.oxt": (None, ["attrs", "other"]),
        "说明.txt": (None, []),
    }
    own = next(one for one in bill["components"] if one["name"] == "gongkai.oxt")["components"][0]
    assert own["licenses"] == [{"license": {"name": "A licence of one's own"}}]
    assert {one["ref"]: one["dependsOn"] for one in bill["dependencies"]} == {
        "pkg:pypi/gongkai@0.1.0": ["pkg:pypi/excel@2", "pkg:pypi/typing-extensions@4"],
        "pkg:pypi/excel@2": [], "pkg:pypi/typing-extensions@4": [],
    }  # fmt: skip
    # The same bundle, the same bytes; another bundle, another serial number.
    (tmp_path / "sbom.cdx.json").unlink()
    sbom.write(tmp_path)
    assert (tmp_path / "sbom.cdx.json").read_text("utf-8") == text
    (tmp_path / "sbom.cdx.json").unlink()
    (tmp_path / "说明.txt").write_text("坏", "utf-8")
    sbom.write(tmp_path)
    assert valid((tmp_path / "sbom.cdx.json").read_text("utf-8"))["serialNumber"] != bill["serialNumber"]


# --- what may go wrong


def wheel(path, metadata, files=()):
    """Write a wheel that holds nothing but what it says of itself, and perhaps some files."""
    name, version, *_ = path.name.split("-")
    with zipfile.ZipFile(path, "w") as package:
        for file in files:
            package.writestr(file, file)
        package.writestr(f"{name}/_vendor/other-9.dist-info/METADATA", "Name: other\nVersion: 9\n")
        package.writestr(f"{name}-{version}.dist-info/METADATA", metadata)


def pip(calls, fail=None, text=""):
    """Return a pip that only writes the files it would have fetched, and fails at one of its commands."""

    def runs(command, seconds):
        assert command[:3] == [sys.executable, "-m", "pip"]
        assert seconds > 60
        calls.append(command[3:])
        if command[3] == fail:
            return programs.Outcome(1 if text else None, text)
        if command[3] == "download":
            folder = Path(command[command.index("--dest") + 1])
            wheel(folder / "pywin32-312-cp312-cp312-win_amd64.whl", "Name: pywin32\nVersion: 312\n")
        else:
            folder = Path(command[command.index("--wheel-dir") + 1])
            wheel(folder / "gongkai-0.1.0-py3-none-any.whl", "Name: gongkai\nVersion: 0.1.0\n")
        return programs.Outcome(0)

    return runs


@pytest.fixture
def no_extension(monkeypatch):
    """Keep the extension from being built: that has tests of its own."""

    def build(*_):
        raise extension.BuildError("没有联网。")

    monkeypatch.setattr(extension, "build", build)


@pytest.mark.usefixtures("no_extension")
def test_an_earlier_bundle_is_replaced(tmp_path):
    folder = tmp_path / "a" / "b"
    calls = []
    said = bundle.build(folder, ["3.12"], run=pip(calls))
    assert said == [
        "Python 3.12 的组件 2 个", "没有附上 LibreOffice 扩展 gongkai.oxt：没有联网。", "组件清单 sbom.cdx.json：2 个软件包",
    ]  # fmt: skip
    assert [call[0] for call in calls] == ["download", "wheel"]
    download = calls[0]
    assert {"--require-hashes", "--no-deps", ":all:", "win_amd64", "3.12", str(ROOT / bundle.LOCK)} < set(download)
    files = [
        "SHA256SUMS.txt", "install.ps1", "requirements-windows.lock", "sbom.cdx.json",
        "wheels/gongkai-0.1.0-py3-none-any.whl", "wheels/pywin32-312-cp312-cp312-win_amd64.whl", "说明.txt",
    ]  # fmt: skip
    assert inside(folder) == files
    assert "gongkai.oxt" not in (folder / "说明.txt").read_text("utf-8")
    (folder / "wheels" / "stale.whl").write_bytes(b"")
    bundle.build(folder, ["3.12"], run=pip([]))
    assert inside(tmp_path) == [f"a/b/{name}" for name in files]


@pytest.mark.usefixtures("no_extension")
@pytest.mark.parametrize(
    ("fail", "text", "message"),
    [
        ("download", "WARNING: x\nERROR: Could not find a version\nERROR: No matching distribution found for attrs==1\n",
         "Python 3.12 的组件没有下载完。请检查网络和 pip 的软件包源（pip config list）后重试。pip 说：No matching distribution found for attrs==1"),
        ("download", "", "Python 3.12 的组件没有下载完。请检查网络和 pip 的软件包源（pip config list）后重试。pip 说：30 分钟没有完成"),
        ("wheel", "no space left\n", "本程序自己没有打包成功。pip 说：no space left"),
    ],
)  # fmt: skip
def test_a_failure_leaves_nothing_behind(tmp_path, fail, text, message):
    for earlier in (False, True):
        if earlier:
            bundle.build(tmp_path / "安装包", ["3.12"], run=pip([]))
        before = inside(tmp_path)
        with pytest.raises(bundle.BundleError) as failure:
            bundle.build(tmp_path / "安装包", ["3.12"], run=pip([], fail, text))
        assert str(failure.value) == message
        assert inside(tmp_path) == before
        assert (tmp_path / "安装包").exists() == earlier


@pytest.mark.usefixtures("no_extension")
def test_the_earlier_bundle_comes_back_when_the_new_one_cannot_be_put_in_place(tmp_path, monkeypatch):
    folder = tmp_path / "安装包"
    bundle.build(folder, ["3.12"], run=pip([]))
    before = inside(tmp_path)
    rename = Path.rename

    def refused(self, target):
        if self.name == "bundle":
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(bundle.BundleError) as failure:
        bundle.build(folder, ["3.12"], run=pip([]))
    assert str(failure.value) == f"无法写入 {folder}：Permission denied。请换一个位置，或检查权限和磁盘空间。"
    assert inside(tmp_path) == before


def test_somebody_elses_folder_is_not_touched(tmp_path):
    (tmp_path / "照片.jpg").write_bytes(b"")
    outcome = run("-d", tmp_path)
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert outcome.stderr == f"{tmp_path} 里已有其他文件。请给一个空的或新的目录。\n"
    outcome = run("-d", tmp_path / "照片.jpg")
    assert (outcome.exit_code, outcome.stderr) == (2, f"{tmp_path / '照片.jpg'} 是一个文件。请给一个空的或新的目录。\n")
    assert inside(tmp_path) == ["照片.jpg"]


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    outcome = run("-d", tmp_path / "file" / "安装包")
    assert outcome.exit_code == 2
    assert outcome.stderr.startswith(f"无法写入 {tmp_path / 'file' / '安装包'}：")


def test_without_a_checkout_it_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle.build, "__kwdefaults__", {**bundle.build.__kwdefaults__, "checkout": tmp_path})
    outcome = run("-d", tmp_path / "安装包")
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert outcome.stderr == (
        "离线安装包要在源代码目录里制作（需要 pyproject.toml 和 requirements-windows.lock），这里装的是成品。"
        "请取得源代码，按 README 建立环境后再运行。\n"
    )
    assert inside(tmp_path) == []


def test_another_python_is_refused(tmp_path):
    outcome = run("-d", tmp_path / "安装包", "--python", "3.10")
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert outcome.stderr == "--python 只能是 3.11、3.12、3.13，现为“3.10”。\n"


# --- the lock


def test_the_lock_is_for_every_python_of_the_bundle():
    source = (ROOT / "scripts" / "lock.py").read_text("utf-8")
    assert f"PYTHONS = {bundle.PYTHONS!r}".replace("'", '"') in source


def test_the_locks_agree_and_name_no_address():
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    texts = {
        name: (ROOT / name).read_text("utf-8") for name in ("requirements.lock", bundle.LOCK, "requirements-dev.lock")
    }
    versions = {name: dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE)) for name, text in texts.items()}
    for text in texts.values():
        assert "://" not in text
    assert versions["requirements.lock"].items() <= versions["requirements-dev.lock"].items()
    assert versions[bundle.LOCK].items() <= versions["requirements-dev.lock"].items()
    # Conditions would be judged where the bundle is made.
    assert ";" not in texts[bundle.LOCK].split("\n", 2)[2]
    assert len(pins(texts[bundle.LOCK])) == len(versions[bundle.LOCK])
    excel = pyproject["project"]["optional-dependencies"]["excel"]
    for requirement in map(Requirement, [*pyproject["project"]["dependencies"], *excel]):
        assert requirement.specifier.contains(versions[bundle.LOCK][requirement.name.lower()])
    assert {"pywin32", "colorama"} < set(versions[bundle.LOCK])


# --- install.ps1, as far as it can be read without a PowerShell


@dataclasses.dataclass(frozen=True)
class Script:
    text: str
    root: tree_sitter.Node

    def nodes(self, kind):
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            waiting += node.children
            if node.type == kind:
                yield node.text.decode()


def parsed(data):
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
    return Script(data.decode(), parser.parse(data).root_node)


@pytest.fixture(scope="module")
def script():
    data = SCRIPT.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")  # or Windows PowerShell takes it for the local code page
    return parsed(data[3:])


def test_the_script_is_well_formed(script):
    assert not script.root.has_error
    assert parsed(script.text.replace("}", "", 1).encode()).root.has_error


def test_the_script_calls_only_what_there_is(script):
    """A misspelt command would only be noticed on the computer of somebody else."""
    defined = set(script.nodes("function_name"))
    called = {name for name in script.nodes("command_name") if re.fullmatch(r"[A-Z]\w+-\w+", name)}
    builtin = {
        "ForEach-Object", "Get-ChildItem", "Get-Command", "Get-Content", "Get-FileHash", "Get-ItemProperty", "Get-Process",
        "Join-Path", "New-Item", "Out-Null", "Remove-Item", "Select-Object", "Set-Content", "Sort-Object", "Split-Path",
        "Test-Path", "Write-Host", "Write-Verbose",
    }  # fmt: skip
    assert called - defined <= builtin
    assert defined <= called
    assert {"Find-Python", "Assert-Complete", "Install-Kit", "Uninstall-Kit"} < defined


def test_the_script_has_no_quotation_mark_that_powershell_takes_for_its_own(script):
    code = re.sub("<#.*?#>", "", script.text, flags=re.DOTALL)
    assert not re.search("[“”„‘’‚‛]", code)
    # A Chinese character right after a name would belong to the name.
    assert not re.search(r"\$\w+[^\x00-\x7f]", code)


def test_the_script_installs_what_the_bundle_has(script):
    code = script.text
    for name in (bundle.SUMS, bundle.LOCK, f"'{bundle.WHEELS}'"):
        assert name in code
    pip_line = next(line for line in code.splitlines() if " -m pip " in line)
    for option in ("--isolated", "--no-index", "--find-links $wheels", "--require-hashes", "--requirement $lock"):
        assert option in pip_line
    for parameter in ("[string]$Python", "[string]$Directory", "[switch]$Uninstall"):
        assert parameter in code
    assert code.index("Assert-Complete $Folder") < code.index("-m venv") < code.index("-m pip")
    assert code.index("-m pip") < code.index("gongkai addin install") < code.index("gongkai addin doctor")
