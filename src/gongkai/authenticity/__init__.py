"""Whether a workbook is the official template, and what was altered in it."""
