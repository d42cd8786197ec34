Attribute VB_Name = "GongkaiRibbon"
Option Explicit
' What the buttons of ribbon.xml call. The names are ours alone: Excel looks them up in every open project.

Public Sub OnGongkaiValidate(control As IRibbonControl)
    Gongkai.ValidateReport
End Sub

Public Sub OnGongkaiClear(control As IRibbonControl)
    Gongkai.ClearMarks
End Sub

Public Sub OnGongkaiCheck(control As IRibbonControl)
    Gongkai.CheckSubmission
End Sub
