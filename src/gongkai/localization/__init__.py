"""Error localization: from broken relations to the cells to change, and into what."""
