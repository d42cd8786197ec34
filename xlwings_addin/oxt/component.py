"""The extension 政务公开 of LibreOffice: it takes the clicks on menu, toolbar and the buttons in the sheets.

LibreOffice loads this file with the Python it brings along, which may be older than the program needs. So this file
and ``gongkai_buttons`` are written for Python 3.7, and everything else is imported on a click.
"""

from __future__ import annotations

# ruff: noqa: ANN001, ANN201, ANN202, ANN204, N802 - UNO has no types, and names of its own
import sys

import unohelper
from com.sun.star.awt.MessageBoxType import INFOBOX, WARNINGBOX
from com.sun.star.frame import DispatchResultEvent, XDispatchProvider, XNotifyingDispatch
from com.sun.star.frame.DispatchResultState import SUCCESS
from com.sun.star.lang import XInitialization, XServiceInfo
from com.sun.star.task import XJob
from gongkai_buttons import PROTOCOL, follow

OLDEST = (3, 11)
TITLE = "政务公开年报验证"
TOO_OLD = (
    "验证没有进行：这个 LibreOffice 自带的 Python 是 {found}，“政务公开”加载项需要 {oldest} 或更高版本。工作簿没有改动。\n\n"
    "请升级 LibreOffice，再点一次“验证”。暂时不能升级的，照样可以填报：请按封面上的“内置校验”改正，显示“通过”后保存、报送。"
)
INCOMPLETE = (
    "验证没有进行：“政务公开”加载项不完整（{error}）。工作簿没有改动。\n\n"
    "请在扩展管理器中删除它，重新安装 gongkai.oxt，再重新启动 LibreOffice。在此之前，请以封面上的“内置校验”为准填报。"
)
NO_WORKBOOK = "没有打开的工作簿。请先打开填报模板，再点“验证”。"

ACTIONS = ("validate", "check", "clear")
HANDLER, JOB = "org.gongkai.button.Handler", "org.gongkai.button.Job"
OK_BUTTON = 1


class Handler(unohelper.Base, XDispatchProvider, XNotifyingDispatch, XInitialization, XServiceInfo):
    """Carries out ``org.gongkai.button:validate``, ``…:check`` and ``…:clear`` on the workbook of its frame.

    Dispatched with the argument ``Silent``, it shows no message box; who asks for a notification gets status and text.
    """

    def __init__(self, context):
        self.context = context
        self.frame = None

    def initialize(self, arguments):
        """Take the frame whose menus and toolbars we serve."""
        self.frame = arguments[0] if arguments else None

    def queryDispatch(self, url, target, flags):  # noqa: ARG002 - asked for by UNO
        """Return what carries a command out, nothing for a command that is not ours."""
        return self if url.Protocol == PROTOCOL and url.Path in ACTIONS else None

    def queryDispatches(self, requests):
        """Return what carries each of several commands out."""
        return tuple(self.queryDispatch(each.FeatureURL, each.FrameName, each.SearchFlags) for each in requests)

    def dispatch(self, url, arguments):
        """Carry a command out."""
        self._run(url.Path, arguments)

    def dispatchWithNotification(self, url, arguments, listener):
        """Carry a command out, and say how it ended."""
        result = self._run(url.Path, arguments)
        if listener is not None:
            listener.dispatchFinished(DispatchResultEvent(self, SUCCESS, result))

    def addStatusListener(self, listener, url):
        """Do nothing: the commands are always available."""

    def removeStatusListener(self, listener, url):
        """Do nothing."""

    def _run(self, action, arguments):
        silent = any(each.Name == "Silent" and each.Value for each in arguments)
        frame = self.frame or self._create("com.sun.star.frame.Desktop").getCurrentFrame()
        told = []

        def tell(text, alarming):
            told.append(text)
            if not silent:
                self._show(frame, text, alarming)

        status = click(action, workbook_in(frame), tell, self.context)
        return (status, "\n\n".join(told))

    def _show(self, frame, text, alarming):
        kind = WARNINGBOX if alarming else INFOBOX
        window = frame.getContainerWindow() if frame else None
        self._create("com.sun.star.awt.Toolkit").createMessageBox(window, kind, OK_BUTTON, TITLE, text).execute()

    def _create(self, name):
        return self.context.ServiceManager.createInstanceWithContext(name, self.context)

    def getImplementationName(self):
        """Return our name."""
        return HANDLER

    def supportsService(self, name):
        """Tell whether we are of a kind."""
        return name in self.getSupportedServiceNames()

    def getSupportedServiceNames(self):
        """Return what we are."""
        return ("com.sun.star.frame.ProtocolHandler",)


class Job(unohelper.Base, XJob, XServiceInfo):
    """Connects the buttons in the sheets of a workbook that has just got a window."""

    def __init__(self, context):
        self.context = context

    def execute(self, arguments):
        """Look at the workbook of the event; whatever is wrong with it, menu and toolbar still work."""
        environment = {each.Name: each.Value for part in arguments if part.Name == "Environment" for each in part.Value}
        document = environment.get("Model")
        if document is not None and is_workbook(document):
            follow(document)

    def getImplementationName(self):
        """Return our name."""
        return JOB

    def supportsService(self, name):
        """Tell whether we are of a kind."""
        return name in self.getSupportedServiceNames()

    def getSupportedServiceNames(self):
        """Return what we are."""
        return ("com.sun.star.task.Job",)


def is_workbook(model):
    """Tell whether a document is a workbook."""
    return model.supportsService("com.sun.star.sheet.SpreadsheetDocument")


def workbook_in(frame):
    """Return the workbook that a frame shows, nothing where it shows none."""
    controller = frame.getController() if frame else None
    model = controller.getModel() if controller else None
    return model if model is not None and is_workbook(model) else None


def click(action, document, tell, context):
    """Validate, check or clear a workbook; return how it ended, as ``xlwings_addin.button`` calls it."""
    if sys.version_info < OLDEST:
        found, oldest = (".".join(str(part) for part in version[:2]) for version in (sys.version_info, OLDEST))
        return failed(tell, TOO_OLD.format(found=found, oldest=oldest))
    if document is None:
        return failed(tell, NO_WORKBOOK)
    try:
        from xlwings_addin import button, libreoffice  # noqa: PLC0415 - needs a newer Python than this file
    except Exception as error:  # noqa: BLE001 - a clerk must not see a traceback
        return failed(tell, INCOMPLETE.format(error=error))
    try:
        book = libreoffice.CalcBook(document, tell, libreoffice.product(context))
        return getattr(button, action)(book).status
    except Exception as error:  # noqa: BLE001 - as above
        return failed(tell, button.failure(error))


def failed(tell, text):
    """Say what went wrong."""
    tell(text, True)
    return "error"


g_ImplementationHelper = unohelper.ImplementationHelper()  # noqa: N816 - LibreOffice looks for this name
g_ImplementationHelper.addImplementation(Handler, HANDLER, ("com.sun.star.frame.ProtocolHandler",))
g_ImplementationHelper.addImplementation(Job, JOB, ("com.sun.star.task.Job",))
