"""Drives a private, headless LibreOffice, so that tests see a workbook as a spreadsheet program sees it."""
