"""Names that more than one room needs to find its way in a workbook of ours."""

from __future__ import annotations

GUIDE_SHEET = "填报说明"
META_SHEET = "_meta"
META_KEYS = ("edition", "template_version", "schema_digest", "validated_at", "validated_with", "validated_digest")
"""Keys in column A of ``_meta``, with their values in column B."""

DETAIL_SHEET = "明细"
"""One row per unit and all its cells; the row ``DETAIL_KEY_ROW``, hidden, holds the item keys."""
DETAIL_KEY_ROW = 5
DETAIL_FIRST_ROW = 6
DETAIL_NAME_COLUMN, DETAIL_CODE_COLUMN, DETAIL_FIRST_COLUMN = 2, 3, 6
DETAIL_MAX_ROWS = 20_000
MEMBER_SHEET = "_units"
"""Hidden: name and code of every unit a summary counts, at every level below it."""
MEMBER_MAX_ROWS = 200_000
