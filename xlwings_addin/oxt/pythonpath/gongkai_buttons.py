"""The buttons in the sheets of an .xlsm: Excel runs a macro for them, LibreOffice our command.

The change is made in memory only. Every save gets the buttons as they were, or Excel would find them without their
macro. Nothing of it marks the workbook as modified, or can be undone. Written for Python 3.7, as ``component`` is.
"""

from __future__ import annotations

# ruff: noqa: ANN001, ANN002, ANN201, ANN204, N802 - UNO has no types, and names of its own
import re

import uno
import unohelper
from com.sun.star.document import XDocumentEventListener
from com.sun.star.uno import Exception as UnoException

PROTOCOL = "org.gongkai.button:"
ACTIONS = {"ValidateReport": "validate", "CheckSubmission": "check", "ClearMarks": "clear"}
"""The macros of our workbooks, and what takes their place."""

MACRO = re.compile(r"vnd\.sun\.star\.script:(?:[^?]*\.)?Gongkai\.(\w+)\?")
BEFORE_SAVING = ("OnSave", "OnSaveAs", "OnCopyTo")
AFTER_SAVING = tuple(event + end for event in BEFORE_SAVING for end in ("Done", "Failed"))

followed = {}
"""The workbooks whose saves we follow, by the id they have while they are open."""


def follow(document):
    """Connect the buttons of a workbook, as long as it is open."""
    if document.RuntimeUID not in followed:
        buttons = SheetButtons(document)
        if buttons.connect():
            followed[document.RuntimeUID] = buttons
            document.addDocumentEventListener(buttons)


class SheetButtons(unohelper.Base, XDocumentEventListener):
    """The buttons of one workbook."""

    def __init__(self, document):
        self.document = document
        self.changed = []
        """Each connected button: its form, the button, its properties and its script events as they were."""

    def documentEventOccured(self, event):  # UNO's spelling
        """Keep our changes out of what is saved."""
        if event.EventName in BEFORE_SAVING:
            self.release()
        elif event.EventName in AFTER_SAVING:
            self.connect()

    def disposing(self, source):  # noqa: ARG002
        """Forget a workbook that was closed."""
        for uid in [uid for uid, buttons in followed.items() if buttons is self]:
            del followed[uid]
        self.document, self.changed = None, []

    def connect(self):
        """Let the buttons run our commands; tell whether there are any."""
        with Unnoticed(self.document):
            for form in forms_of(self.document):
                for index in range(form.getCount()):
                    action = action_of(form.getScriptEvents(index))
                    if action:
                        self.connect_one(form, index, action)
        return bool(self.changed)

    def connect_one(self, form, index, action):
        """Let one button run a command."""
        control = form.getByIndex(index)
        ours = {
            "ButtonType": uno.Enum("com.sun.star.form.FormButtonType", "URL"),
            "TargetURL": PROTOCOL + action,
            "FocusOnClick": False,  # or the next key would go to the button, and Return press it again
        }
        theirs = {name: getattr(control, name) for name in ours}
        self.changed.append((form, control, theirs, form.getScriptEvents(index)))
        form.revokeScriptEvents(index)
        set_properties(control, ours)

    def release(self):
        """Give the buttons back what they had."""
        with Unnoticed(self.document):
            for button in self.changed:
                try:
                    self.release_one(*button)
                except UnoException:  # gone together with its sheet
                    continue
        self.changed = []

    def release_one(self, form, control, properties, events):
        """Give one button back what it had, wherever in its form it is now."""
        for index in range(form.getCount()):
            if form.getByIndex(index) == control:
                set_properties(control, properties)
                form.registerScriptEvents(index, events)


class Unnoticed:
    """While it lasts, changes neither mark the workbook as modified nor can be undone."""

    def __init__(self, document):
        self.document = document

    def __enter__(self):
        self.was_open = self.document.isSetModifiedEnabled()
        self.document.disableSetModified()
        self.document.getUndoManager().lock()

    def __exit__(self, *_):
        self.document.getUndoManager().unlock()
        if self.was_open:
            self.document.enableSetModified()


def set_properties(control, properties):
    """Set properties of a button."""
    for name, value in properties.items():
        setattr(control, name, value)


def forms_of(document):
    """Yield the forms on all sheets of a workbook."""
    for sheet in (document.Sheets.getByIndex(index) for index in range(document.Sheets.getCount())):
        page = sheet.getDrawPage()
        if page.getCount():  # asked for, the forms of a sheet without any would come into being
            forms = page.getForms()
            for index in range(forms.getCount()):
                yield forms.getByIndex(index)


def action_of(events):
    """Return the command that takes the place of our macro, nothing where there is none of ours."""
    macros = (MACRO.match(event.ScriptCode) for event in events)
    return next((ACTIONS[macro.group(1)] for macro in macros if macro and macro.group(1) in ACTIONS), None)
