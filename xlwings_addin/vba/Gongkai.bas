Attribute VB_Name = "Gongkai"
Option Explicit
' The button of the official workbook and those of the ribbon. Each runs one function of the Python package
' xlwings_addin, through the module xlwings.
'
' Python catches its own errors and tells them. What can go wrong before it runs is told from here, in Chinese. VBA
' keeps its sources in one code page of its own, so the sentences stand in cells (see Sentence), and this file is ASCII.

' The interpreter that has answered, so that only the first click of a session pays for the question.
Private answered As String

Public Sub ValidateReport()
    RunEntry "import xlwings_addin; xlwings_addin.validate()"
End Sub

Public Sub ClearMarks()
    RunEntry "import xlwings_addin; xlwings_addin.clear()"
End Sub

Public Sub CheckSubmission()
    RunEntry "import xlwings_addin; xlwings_addin.check()"
End Sub

Private Sub RunEntry(ByVal statement As String)
    #If Mac Then
        ' xlwings needs a script installed in a place of its own there, and nobody has tried this on a Mac.
        Tell "mac"
    #Else
        Dim found As String
        found = Obstacle()
        If found = "" Then found = Outcome(statement, Interpreter())
        If found <> "" Then Tell found
    #End If
End Sub

Private Sub Tell(ByVal key As String)
    MsgBox Sentence(key), vbExclamation, Sentence("title")
End Sub

Private Function Sentence(ByVal key As String) As String
    ' Column F of the hidden sheet has the keys, column G the sentences. Somebody may have deleted the sheet.
    Sentence = "gongkai: " & key
    On Error Resume Next
    Sentence = Application.WorksheetFunction.VLookup(key, ThisWorkbook.Worksheets("_meta").Range("F1:G99"), 2, False)
End Function

#If Not Mac Then
Private Function Obstacle() As String
    ' What keeps Python from even being asked, as the key of a sentence; "" if nothing does.
    On Error GoTo Unreadable
    If Not Application.ActiveProtectedViewWindow Is Nothing Then
        Obstacle = "protected_view"
    ElseIf ActiveWorkbook Is Nothing Then
        Obstacle = "no_workbook"
    Else
        Obstacle = Suspicion(ActiveWorkbook)
        If Obstacle = "" Then Obstacle = Missing(Interpreter())
    End If
    Exit Function
Unreadable:
    ' The configuration is damaged, or (429) nothing may be created that could read it or start a program.
    Obstacle = IIf(Err.Number = 429, "refused", "not_installed")
End Function

Private Function Suspicion(ByVal book As Workbook) As String
    ' xlwings lets the active workbook, and the folder it lies in, name the interpreter and bring Python code. So a
    ' workbook that came by mail could run anything: only the user's own configuration may count.
    Dim page As Object
    For Each page In book.Sheets
        If LCase$(Right$(page.Name, 3)) = ".py" Then Suspicion = "own_code"
    Next page
    ' The questions that xlwings itself asks, so that it cannot find what we overlook.
    If xlwings.SheetExists(book, xlwings.PROJECT_NAME & ".conf") Then Suspicion = "own_code"
    If xlwings.FileExists(xlwings.GetDirectoryConfigFilePath()) Then Suspicion = "own_code"
    If Suspicion = "" And IsRisky(book.FullName) Then Suspicion = "risky_name"
End Function

Private Function IsRisky(ByVal path As String) As Boolean
    ' xlwings passes the workbook's path through cmd.exe and through Python's expandvars, in a list separated by
    ' semicolons: each of these characters could end the list, or the command, early.
    IsRisky = path Like "*[;^%]*" Or path Like "*$[A-Za-z_{]*"
End Function

Private Function Interpreter() As String
    Interpreter = xlwings.GetConfig("INTERPRETER_WIN", "", "user")
End Function

Private Function Missing(ByVal python As String) As String
    ' Never whatever happens to be called "python": it must be the one that was installed for this. And unless it is
    ' told not to, xlwings lets Python import what lies beside the workbook.
    If Not (python Like "[A-Za-z]:\*" Or Left$(python, 2) = "\\") Then
        Missing = "not_installed"
    ElseIf LCase$(xlwings.GetConfig("ADD_WORKBOOK_TO_PYTHONPATH", "true", "user")) <> "false" Then
        Missing = "not_installed"
    ElseIf Not xlwings.FileExists(python) Then
        Missing = "no_python"
    End If
End Function

Private Function Outcome(ByVal statement As String, ByVal python As String) As String
    ' Start Python. What Python itself has to say it has said then; xlwings shows the English of what it could not.
    Dim folder As String
    On Error GoTo Refused
    ' Windows looks for cmd.exe in the current folder first, and that may be the one a workbook was unpacked into.
    folder = xlwings.WScript.CurrentDirectory
    xlwings.WScript.CurrentDirectory = xlwings.ParentFolder(python)
    If python <> answered Then Outcome = Lack(xlwings.WScript.Run(Question(python), 0, True))
    If Outcome = "" Then
        answered = python
        If xlwings.RunPython(statement) = -1 Then Outcome = "failed"
    End If
GoBack:
    On Error Resume Next
    xlwings.WScript.CurrentDirectory = folder
    Exit Function
Refused:
    Outcome = "refused"
    Resume GoBack
End Function

Private Function Question(ByVal python As String) As String
    ' The command that asks this Python whether it can do what it is for. It is started the way xlwings will start it,
    ' looks for nothing in the current folder, and has only words that every old Python knows.
    Dim quote As String, program As String
    quote = Chr$(34)
    program = "import sys; sys.path[:1] = [p for p in sys.argv[1].split(';') if p]; " & _
        "sys.version_info < (3, 11) and sys.exit(41); from importlib.util import find_spec as f; " & _
        "all(map(f, ('xlwings', 'win32com'))) or sys.exit(42); " & _
        "sys.exit(40 if all(map(f, ('gongkai', 'xlwings_addin'))) else 43)"
    Question = "cmd.exe /S /C " & quote & quote & python & quote & " -B -c " & quote & program & quote & " " & _
        quote & xlwings.GetConfig("PYTHONPATH", "", "user") & ";" & quote & quote
End Function

Private Function Lack(ByVal code As Long) As String
    ' What the question was answered with. cmd.exe itself may end with 0, 1 or 9009, so none of these can mean yes.
    Select Case code
        Case 40
            Lack = ""
        Case 41
            Lack = "python_old"
        Case 42
            Lack = "no_xlwings"
        Case 43
            Lack = "no_addin"
        Case Else
            Lack = "python_fails"
    End Select
End Function
#End If
