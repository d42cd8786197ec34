"""The doctor: looks at everything the button needs and says of each thing what to do."""

from __future__ import annotations

from collections.abc import Sequence

from xlwings_addin.deployment import InstallError, linux_checks, windows_checks
from xlwings_addin.deployment.facts import OLDEST, STATES, Check, Facts

_WIDE = 64
_ELSEWHERE = "按钮只能用在 Windows 的 Excel 和 Linux 的 LibreOffice 里，这台电脑是 {system}。请用命令 gongkai validate 校验文件。"


def examine(facts: Facts) -> list[Check]:
    """Return what was found, in the order in which to repair it."""
    found = [_python(facts), _schema(facts)]
    if facts.system == "Windows":
        try:
            found += windows_checks.checks(facts)
        except InstallError as error:
            found.append(Check("用户文件夹", "error", str(error)))
    elif facts.system == "Linux":
        found += linux_checks.checks(facts)
    else:
        found.append(Check("系统", "error", _ELSEWHERE.format(system=facts.system)))
    return found


def is_fine(found: Sequence[Check]) -> bool:
    """Tell whether nothing is in the way."""
    return all(check.state != "error" for check in found)


def as_text(found: Sequence[Check]) -> str:
    """Return what was found for people to read."""
    lines = [f"[{STATES[check.state]}] {check.name}：{check.message}" for check in found]
    wrong = sum(check.state == "error" for check in found)
    lines.append(
        f"共 {len(found)} 项，{wrong} 项不行。" if wrong else f"共 {len(found)} 项，没有发现妨碍按钮使用的问题。"
    )
    return "\n".join(lines)


def as_document(facts: Facts, found: Sequence[Check]) -> dict[str, object]:
    """Return what was found for programs to read."""
    checks = [{"name": check.name, "state": check.state, "message": check.message} for check in found]
    return {"system": facts.system, "version": facts.version, "ok": is_fine(found), "checks": checks}


def _python(facts: Facts) -> Check:
    version = ".".join(str(part) for part in facts.python)
    if facts.python < OLDEST:
        return Check("Python", "error", f"{version} 太旧。请信息技术人员安装 Python 3.11 以上的 64 位版本。")
    if facts.bits != _WIDE:
        return Check(
            "Python", "warning",
            f"{version} 是 {facts.bits} 位的，可以用；离线安装包只有 64 位的组件，重装时请信息技术人员换成 64 位的 Python。",
        )  # fmt: skip
    return Check("Python", "ok", f"{version}，64 位。")


def _schema(facts: Facts) -> Check:
    """Look at the two validators: one is needed, the other is only faster."""
    needed, fast = facts.packages.get("jsonschema"), facts.packages.get("jsonschema-rs")
    if needed is None or needed.version is None:
        why = f"（{needed.error}）" if needed and needed.error else ""
        return Check("校验组件", "error", f"jsonschema 不能使用{why}。请信息技术人员重新安装 gongkai。")
    if fast is None or fast.version is None:
        return Check(
            "校验组件", "warning",
            f"jsonschema {needed.version} 可以使用；jsonschema-rs 不能使用，校验较慢，结果相同。可以请信息技术人员重新安装 gongkai。",
        )  # fmt: skip
    return Check("校验组件", "ok", f"jsonschema {needed.version}，jsonschema-rs {fast.version}。")
