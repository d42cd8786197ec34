"""Run macros of workbooks in LibreOffice's Basic: started as ``python basic.py SOFFICE DIRECTORY`` with JSON on stdin.

Each run is ``{"path", "sheets": [names to add], "modules": {name: text to put in place}, "macros": [names],
"result": name of a function without arguments}``; the answer is a JSON list with one result, or ``{"error": …}``, each.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import bridge

LIBRARY = "VBAProject"
ALWAYS = 4  # com.sun.star.document.MacroExecMode.ALWAYS_EXECUTE_NO_WARN
FILTER = "Calc MS Excel 2007 VBA XML"  # named, because LibreOffice does not recognise an add-in by itself


def run(soffice, path, sheets, modules, macros, result):
    """Return what ``result`` returns once ``macros`` have run."""
    options = bridge.properties(Hidden=True, MacroExecutionMode=ALWAYS, FilterName=FILTER)
    document = soffice.desktop.loadComponentFromURL(Path(path).as_uri(), "_blank", 0, options)
    try:
        for name in sheets:
            document.Sheets.insertNewByName(name, document.Sheets.Count)
        document.BasicLibraries.loadLibrary(LIBRARY)
        library = document.BasicLibraries.getByName(LIBRARY)
        for name, text in modules.items():
            library.replaceByName(name, f"Rem Attribute VBA_ModuleType=VBAModule\nOption VBASupport 1\n{text}")
        answer = [call(document, macro) for macro in (*macros, result)][-1]
    except Exception as error:  # noqa: BLE001 - UNO's errors are of many kinds; the other side shows them
        answer = {"error": str(error)}
    finally:
        document.close(True)
    return answer


def call(document, macro):
    """Run one macro of a document; nothing of it may be kept beyond the document's life, or soffice crashes."""
    script = document.getScriptProvider().getScript(
        f"vnd.sun.star.script:{LIBRARY}.{macro}?language=Basic&location=document"
    )
    return script.invoke((), (), ())[0]


def main():
    """Answer all runs with one soffice."""
    executable, directory = sys.argv[1:]
    soffice = bridge.Soffice(executable, Path(directory))
    try:
        answers = [run(soffice, **wanted) for wanted in json.load(sys.stdin)]
    finally:
        soffice.stop()
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
