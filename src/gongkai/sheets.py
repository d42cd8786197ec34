"""Names that more than one room needs to find its way in a workbook of ours."""

from __future__ import annotations

GUIDE_SHEET = "填报说明"
META_SHEET = "_meta"
META_KEYS = ("edition", "template_version", "schema_digest", "validated_at", "validated_with", "validated_digest")
"""Keys in column A of ``_meta``, with their values in column B."""
