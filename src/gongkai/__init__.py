"""政府信息公开工作年度报告：one schema, and the template, checks and regional summary derived from it."""

__version__ = "0.1.0"
