"""Clever: a district's roster from its API, or from the CSV files that districts upload to it."""

from __future__ import annotations

from providers.clever.source import CleverApi

__all__ = ["SOURCE"]

SOURCE = CleverApi()
"""The source of kind "clever"."""
