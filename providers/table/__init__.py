"""A mapped table beside another source: attributes of its users, or people whom it does not have."""

from __future__ import annotations

from providers.table.source import SOURCE

__all__ = ["SOURCE"]
