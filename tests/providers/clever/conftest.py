"""Fixtures of the Clever tests."""

from clever_reading import clever, read

__all__ = ["clever", "read"]
