"""What can keep the button from working in Excel on Windows, each thing looked up where Windows and Excel keep it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from xlwings_addin.deployment import excel_program, windows
from xlwings_addin.deployment.excel_program import Excel
from xlwings_addin.deployment.facts import Check, Facts
from xlwings_addin.deployment.windows import Places

ASR_RULE = "d4f940ab-401b-4efc-aadc-ad5f3c50688a"
"""Defender's rule “Block all Office applications from creating child processes”."""
_DEFENDER_POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows Defender"
_ASR_RULES = (
    rf"{_DEFENDER_POLICY}\Windows Defender Exploit Guard\ASR\Rules",
    r"HKLM\SOFTWARE\Microsoft\Windows Defender\Windows Defender Exploit Guard\ASR\Rules",
)
_OFF, _BLOCK, _AUDIT, _WARN = "0", "1", "2", "6"
_WARNINGS = {
    1: "启用全部宏",
    2: "禁用宏并通知（默认）",
    3: "只启用有数字签名的宏",
    4: "禁用全部宏，不通知",
}
_SIGNED, _NONE = 3, 4
ACTIVE = "在 Excel 中打开工作簿后，在命令行运行 gongkai validate --active，效果与按钮相同"


def checks(facts: Facts) -> Iterator[Check]:
    """Return everything that was found, the groundwork first."""
    yield _store(facts)
    yield _component(facts, "xlwings")
    yield _component(facts, "pywin32")
    excel = excel_program.find(facts.registry)
    yield _excel(facts, excel)
    if excel:
        yield _opens(facts)
    office = excel.office if excel else "16.0"
    settings = Settings(facts, office)
    places = windows.places(facts.environ)
    yield _macros(settings, places)
    yield _internet(settings)
    yield _addins(settings)
    yield _child_processes(facts)
    yield _disabled(facts, office)
    yield _xlam(places)
    yield _configuration(facts, places)


def _store(facts: Facts) -> Check:
    if windows.is_store_python(facts.base):
        return Check(
            "Python 来源", "error",
            "本程序装在 Microsoft Store 版的 Python 里，它写到用户文件夹的文件 Excel 看不到。请信息技术人员改用 python.org 的 64 位安装包，重新安装。",
        )  # fmt: skip
    return Check("Python 来源", "ok", f"不是 Microsoft Store 版：{facts.executable}。")


def _component(facts: Facts, name: str) -> Check:
    package = facts.packages.get(name)
    if package and package.version:
        return Check(name, "ok", f"{package.version}，可以使用。")
    why = f"（{package.error}）" if package and package.error else ""
    return Check(
        name, "error", f"连接 Excel 的组件 {name} 不能使用{why}。请信息技术人员重新运行安装包里的 install.ps1。"
    )


def _excel(facts: Facts, excel: Excel | None) -> Check:
    wps = excel_program.find_wps(facts.registry)
    if excel:
        bits = f"，{excel.bits} 位" if excel.bits else ""
        if excel_program.automation_is_wps(facts.registry):
            return Check(
                "Excel", "error",
                f"装有 Excel {excel.version}{bits}，但 WPS 接管了它的自动化接口，按钮会找错程序。请信息技术人员在“WPS 配置工具”中取消“兼容第三方系统和软件”，再修复一次 Office。",
            )  # fmt: skip
        return Check("Excel", "ok", f"版本 {excel.version}{bits}。")
    if wps:
        return Check(
            "Excel", "error",
            f"只有 WPS（{wps}），没有 Excel。按钮不能在 WPS 里使用；模板的内置校验在 WPS 里照常，也可以用命令 gongkai validate 校验文件。需要按钮的，请信息技术人员安装 Excel。",
        )  # fmt: skip
    return Check(
        "Excel", "error", "没有找到 Excel。需要按钮的，请信息技术人员安装 Excel；gongkai validate 不需要 Excel。"
    )


def _opens(facts: Facts) -> Check:
    program = excel_program.opens_xlsx(facts.registry)
    if program.upper().startswith(("ET.", "KET.", "WPS.")):
        return Check(
            "默认程序", "warning",
            f"双击 .xlsx 文件打开的是 WPS（{program}），里面没有按钮。请右键点文件，选“打开方式 → 选择其他应用 → Excel → 始终”。",
        )  # fmt: skip
    return Check("默认程序", "ok", f"双击 .xlsx 文件打开的是 {program or '系统默认程序'}。")


class Settings:
    """Excel's security settings: what the administrator has set counts, and else what the user has."""

    def __init__(self, facts: Facts, office: str) -> None:
        self._facts = facts
        self._policies = (
            rf"HKCU\Software\Policies\Microsoft\Office\{office}",
            rf"HKLM\Software\Policies\Microsoft\Office\{office}",
            rf"HKCU\Software\Policies\Microsoft\Cloud\Office\{office}",
        )
        self._own = rf"HKCU\Software\Microsoft\Office\{office}"

    def policy(self, key: str, name: str) -> int | None:
        """Return what the administrator has set, or None."""
        for policies in self._policies:
            value = self._facts.registry.values(rf"{policies}\{key}").get(name)
            if isinstance(value, int):
                return value
        return None

    def value(self, key: str, name: str) -> tuple[int | None, str]:
        """Return a setting and who made it."""
        policy = self.policy(key, name)
        if policy is not None:
            return policy, "管理员策略"
        own = self._facts.registry.values(rf"{self._own}\{key}").get(name)
        return (own, "用户设置") if isinstance(own, int) else (None, "默认")

    def trusted(self, folder: Path) -> bool:
        """Tell whether Excel trusts what lies in a folder."""
        key = r"Excel\Security\Trusted Locations"
        if self.value(key, "alllocationsdisabled")[0] == 1:
            return False
        roots = [*self._policies]
        if self.policy(r"Common\Security\Trusted Locations", "allow user locations") != 0:
            roots.append(self._own)
        listed = [location for root in roots for location in self._locations(rf"{root}\{key}")]
        if not listed and len(roots) > len(self._policies):
            return True  # Excel has not written its list yet; the folder it starts from is on it from the beginning
        wanted = _folder(str(folder))
        return any(wanted == place or (below and wanted.startswith(place + "/")) for place, below in listed)

    def _locations(self, key: str) -> Iterator[tuple[str, bool]]:
        for name in self._facts.registry.keys(key):
            location = self._facts.registry.values(rf"{key}\{name}")
            if isinstance(path := location.get("path"), str):
                yield _folder(windows.expanded(path, self._facts.environ)), location.get("allowsubfolders") == 1


def _folder(path: str) -> str:
    return path.replace("\\", "/").rstrip("/").casefold()


def _macros(settings: Settings, places: Places) -> Check:
    level, who = settings.value(r"Excel\Security", "vbawarnings")
    said = f"{_WARNINGS.get(level or 2, level)}（{who}）"
    if settings.trusted(places.xlam.parent):
        if level in (_SIGNED, _NONE):
            return Check(
                "宏", "warning",
                f"{said}。加载项在受信任的文件夹里，功能区“政务公开”里的按钮可以用；.xlsm 模板里的按钮不能用，请用 .xlsx 模板和功能区里的按钮。",
            )  # fmt: skip
        return Check("宏", "ok", f"{said}；加载项在受信任的文件夹里。")
    if level in (_SIGNED, _NONE):
        return Check(
            "宏", "error",
            f"{said}，而且 {places.xlam.parent} 不是受信任位置，按钮不能用。请信息技术人员把这个文件夹加入 Excel 的受信任位置；在此之前，{ACTIVE}。",
        )  # fmt: skip
    return Check(
        "宏", "warning",
        f"{said}，但 {places.xlam.parent} 不是受信任位置，Excel 每次启动都会询问。请点“启用宏”，或请信息技术人员把这个文件夹加入 Excel 的受信任位置。",
    )  # fmt: skip


def _internet(settings: Settings) -> Check:
    advice = (
        "从邮件或网页得到的 .xlsm 模板，请先右键 → 属性 → 勾选“解除锁定”，或改用 .xlsx 模板和功能区“政务公开”里的按钮"
    )
    if settings.value(r"Excel\Security", "blockcontentexecutionfrominternet")[0] == 1:
        return Check("来自互联网的宏", "warning", f"被策略禁用。{advice}。")
    return Check("来自互联网的宏", "ok", f"没有另外的限制（新版 Excel 自己也会禁用）。{advice}。")


def _addins(settings: Settings) -> Check:
    security = r"Excel\Security"
    none, who = settings.value(security, "disablealladdins")
    if none == 1:
        return Check(
            "加载项", "error",
            f"Excel 禁用了全部加载项（{who}），按钮不会出现。请信息技术人员允许加载项；在此之前，{ACTIVE}。",
        )  # fmt: skip
    signed, who = settings.value(security, "requireaddinsig")
    if signed == 1:
        return Check(
            "加载项", "error",
            f"Excel 要求加载项有数字签名（{who}），本加载项没有签名。请信息技术人员签名后分发，或取消这一要求；在此之前，{ACTIVE}。",
        )  # fmt: skip
    return Check("加载项", "ok", "Excel 允许加载项。")


def _child_processes(facts: Facts) -> Check:
    action = _asr(facts)
    if action in (_BLOCK, _WARN):
        how = "禁止" if action == _BLOCK else "警告并拦下"
        return Check(
            "Defender", "error",
            f"Microsoft Defender 的规则“阻止 Office 应用程序创建子进程”（{ASR_RULE}）{how} Excel 启动 Python，按钮不能用。请{ACTIVE}。"
            "不建议为此放开这条规则。",
        )  # fmt: skip
    if action == _AUDIT:
        return Check(
            "Defender", "warning",
            f"Microsoft Defender 的规则“阻止 Office 应用程序创建子进程”（{ASR_RULE}）现在只作记录，按钮可以用；改为阻止后按钮就不能用了。到时请{ACTIVE}。",
        )  # fmt: skip
    return Check("Defender", "ok", "没有启用“阻止 Office 应用程序创建子进程”。")


def _asr(facts: Facts) -> str:
    """Return what Defender does about Office starting programs; set by Group Policy, by MDM, or on this computer."""
    states = []
    for key in _ASR_RULES:
        value = facts.registry.values(key).get(ASR_RULE)
        states.append("" if value is None else str(value))
    listed = facts.registry.values(rf"{_DEFENDER_POLICY}\Policy Manager").get("asrrules")
    for entry in str(listed or "").split("|"):
        rule, _, action = entry.partition("=")
        if rule.strip().lower() == ASR_RULE:
            states.append(action.strip())
    return next((state for state in (_BLOCK, _WARN, _AUDIT) if state in states), _OFF)


def _disabled(facts: Facts, office: str) -> Check:
    key = rf"HKCU\Software\Microsoft\Office\{office}\Excel\Resiliency\DisabledItems"
    for value in facts.registry.values(key).values():
        if isinstance(value, bytes) and windows.XLAM.name.encode("utf-16-le") in value.lower():
            return Check(
                "禁用项目", "error",
                f"Excel 上次出错后停用了 {windows.XLAM.name}。请在“文件 → 选项 → 加载项 → 管理：禁用项目 → 转到”中启用它，再重新打开 Excel。",
            )  # fmt: skip
    return Check("禁用项目", "ok", "Excel 没有停用本加载项。")


def _xlam(places: Places) -> Check:
    name, again = "加载项文件", "请关闭 Excel，运行 gongkai addin install"
    try:
        found = places.xlam.read_bytes()
    except FileNotFoundError:
        return Check(
            name, "error", f"{places.xlam} 不存在。{again}；装过又不见了的，请信息技术人员检查是否被安全软件隔离。"
        )
    except OSError as error:
        return Check(name, "error", f"{places.xlam} 打不开（{error.strerror}）。请信息技术人员检查这个文件的权限。")
    if not windows.XLAM.is_file():
        return Check(name, "error", f"程序里没有 {windows.XLAM.name}，安装包不完整。请信息技术人员重新安装 gongkai。")
    shipped = windows.XLAM.read_bytes()
    if found != shipped:
        return Check(
            name, "error",
            f"{places.xlam} 与本版本附带的不同（SHA-256 {_digest(found)}，应为 {_digest(shipped)}），可能是旧版本。{again}。",
        )  # fmt: skip
    if _is_marked(places.xlam):
        return Check(
            name, "error",
            f"{places.xlam} 带有“来自互联网”的标记，Excel 不会运行它。{again}，或右键 → 属性 → 勾选“解除锁定”。",
        )  # fmt: skip
    return Check(name, "ok", f"{places.xlam}，与本版本附带的相同（SHA-256 {_digest(shipped)}）。")


def _is_marked(path: Path) -> bool:
    """Tell whether Windows has noted that a file came from another computer."""
    try:
        with Path(f"{path}:Zone.Identifier").open("rb") as stream:
            return any(line.strip() in (b"ZoneId=3", b"ZoneId=4") for line in stream)
    except OSError:
        return False


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:12]


def _configuration(facts: Facts, places: Places) -> Check:
    name, again = "配置", "请运行 gongkai addin install"
    try:
        conf = places.conf.read_bytes()
    except OSError:
        return Check(name, "error", f"{places.conf} 不存在或打不开，按钮不知道用哪个 Python。{again}。")
    value = windows.setting(conf, windows.INTERPRETER, facts.encoding)
    if not value:
        return Check(name, "error", f"{places.conf} 里没有 {windows.INTERPRETER}，按钮不知道用哪个 Python。{again}。")
    python = windows.expanded(value, facts.environ)
    if not Path(python).is_file():
        return Check(name, "error", f"{places.conf} 里写的 Python 不存在：{python}。{again}。")
    if not _is_same(Path(python), Path(facts.executable)):
        return Check(
            name,
            "warning",
            f"按钮用的是另一个 Python：{python}，不是运行本命令的 {facts.executable}。要换成它，{again}。",
        )
    return Check(name, "ok", f"按钮使用 {python}。")


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other.with_name("python.exe") if other.name.lower() == "pythonw.exe" else other)
    except OSError:
        return False
