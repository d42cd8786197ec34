"""scripts/audit.py: that it finds what is wrong, and never takes silence for an all-clear."""

from __future__ import annotations

import importlib.util
import json
import zipfile
from pathlib import Path

import pytest

import workbooks as w

SPEC = importlib.util.spec_from_file_location("audit", w.ROOT / "scripts" / "audit.py")
audit = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(audit)

HASH = "    --hash=sha256:" + "0a" * 32
CANARY = "{}=={}".format(*audit.CANARY)


@pytest.mark.parametrize("name", audit.LOCKS)
def test_every_lock_pins_with_hashes_and_names_no_address(name):
    text = (w.ROOT / name).read_text("utf-8")
    assert audit.misshapen(text) == []
    assert set(audit.pins(text)) == {line.partition("==")[0] for line in text.splitlines() if line[:1].isalnum()}


@pytest.mark.parametrize(
    ("text", "odd"),
    [
        (f"# a comment\nattrs==26.1.0 \\\n{HASH}\n", []),
        (f"appscript==1.5.0 ; sys_platform == 'darwin' \\\n{HASH} \\\n{HASH}\n", []),
        ("attrs==26.1.0\n", ["attrs==26.1.0"]),
        (f"attrs>=26 \\\n{HASH}\n", ["attrs>=26 \\", HASH]),
        ("attrs==26.1.0 \\\n    --hash=md5:0a\n", ["attrs==26.1.0 \\", "    --hash=md5:0a"]),
        ("--extra-index-url https://a.cn/simple\n", ["--extra-index-url https://a.cn/simple"]),
        (f"attrs @ https://a.cn/attrs.whl \\\n{HASH}\n", ["attrs @ https://a.cn/attrs.whl \\", HASH]),
        ("-e .\n", ["-e ."]),
    ],
)
def test_a_line_that_is_no_pin_is_found(text, odd):
    assert audit.misshapen(text) == odd


@pytest.mark.parametrize(
    ("licence", "refused"),
    [
        ("MIT", False), ("MIT OR Apache-2.0", False), ("(MIT AND PSF-2.0)", False), ("BSD License", False),
        ("GNU Lesser General Public License v2 or later (LGPLv2+)", False),
        ("GPL-3.0-only", True), ("MIT AND GPL-3.0-only", True), ("Proprietary", True), (None, True),
    ],
)  # fmt: skip
def test_only_licences_on_the_list_may_travel_along(licence, refused):
    assert audit.not_allowed(licence) is refused


def wheel(folder, name, licence, *, compiled=0):
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr(f"{name}-1.0.dist-info/METADATA", f"Name: {name}\nVersion: 1.0\n{licence}")
        for number in range(compiled):
            package.writestr(f"{name}/{number}.pyd", b"")
    return path


def answers(*, knows, found=(), skipped=(), newest="", fails=()):
    """Return a runner in whose world the service ``knows`` of the canary, or does not."""

    def run(arguments):
        if arguments[0] in fails:
            return 1, "ERROR: no network\n"
        if arguments[0] == "pip":
            folder = Path(arguments[arguments.index("--dest") + 1])
            wheel(folder, "good", "License-Expression: MIT\n", compiled=2)
            wheel(folder, "bad", "Classifier: License :: Other/Proprietary License\n")
            return 0, ""
        if arguments[0] == "uv":
            return 0, newest
        lock = Path(arguments[-1])
        text = lock.read_text("utf-8")
        if text.strip() == CANARY:
            listed = [{"name": "pyyaml", "version": "5.3", "vulns": [{"id": "PYSEC-2021-142"}] if knows else []}]
        else:
            listed = [{"name": name, "version": v, "vulns": [{"id": i} for n, i in found if n == name]}
                      for name, v in audit.pins(text).items() if name not in skipped]  # fmt: skip
            listed += [{"name": name, "skip_reason": "not found"} for name in skipped if name in audit.pins(text)]
        return 0, "No known vulnerabilities found\n" + json.dumps({"dependencies": listed, "fixes": []})

    return run


def test_what_is_wrong_is_listed_and_ends_with_1(capsys):
    run = answers(knows=True, found=[("rich", "CVE-1")], skipped=["xlrd"], newest="rich==99.0\nattrs==26.1.0\n")
    assert audit.main(run) == 1
    said = capsys.readouterr().out.splitlines()
    version = audit.pins((w.ROOT / "requirements.lock").read_text("utf-8"))["rich"]
    assert f"requirements.lock：rich {version} → 99.0" in said
    assert f"{audit.VENDORED}：都是最新版本" in said
    assert "  good-1.0-py3-none-any.whl  MIT  含编译代码 2 个文件" in said
    assert "requirements.lock：已知漏洞 1 处，1 个软件包没有查到" in said
    assert said[said.index("须处理 4 项") :] == [
        "须处理 4 项",
        "  bad-1.0-py3-none-any.whl 的许可证不在允许之列：Other/Proprietary License",
        f"  requirements.lock：rich {version}：CVE-1",
        f"  requirements-windows.lock：rich {version}：CVE-1",
        f"  requirements-dev.lock：rich {version}：CVE-1",
        "没有查到 3 项",
        "  requirements.lock：xlrd 没有查到",
        "  requirements-windows.lock：xlrd 没有查到",
        "  requirements-dev.lock：xlrd 没有查到",
    ]


def test_a_service_that_knows_nothing_is_no_all_clear(capsys, monkeypatch):
    monkeypatch.setattr(audit, "not_allowed", lambda _: False)
    assert audit.main(answers(knows=False)) == 2
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "须处理 0 项",
        "没有查到 1 项",
        "  已知漏洞没有查：这里连不到漏洞库（拿已知有漏洞的 pyyaml 5.3 试问，没有答出）",
    ]
    assert audit.main(answers(knows=True)) == 0


def test_what_cannot_be_reached_is_said(capsys):
    assert audit.main(answers(knows=True, fails=("pip", "uv", "pip_audit"))) == 2
    said = capsys.readouterr().out.splitlines()
    assert said[said.index("没有查到 6 项") + 1 :] == [
        *(f"  Python {python} 的 Windows 组件没有取到：ERROR: no network" for python in audit.bundle.PYTHONS),
        "  没有查到最新版本：ERROR: no network",
        "  pip-audit 没有给出结果（退出码 1）：ERROR: no network",
        "  已知漏洞没有查：这里连不到漏洞库（拿已知有漏洞的 pyyaml 5.3 试问，没有答出）",
    ]


def test_a_lock_that_is_no_lock_is_wrong(capsys, tmp_path, monkeypatch):
    for name in audit.LOCKS:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("attrs\n" if name == audit.VENDORED else f"attrs==1 \\\n{HASH}\n", "utf-8")
    monkeypatch.setattr(audit, "ROOT", tmp_path)
    review = audit.Review(answers(knows=True))
    review.forms()
    assert review.wrong == [f"{audit.VENDORED}：“attrs”不是锁定版本加摘要"]
    assert "requirements.lock：1 个软件包，全部锁定版本和 SHA-256，没有网址" in capsys.readouterr().out
