"""Clever: a district's roster from its API, or from the CSV files that districts upload to it."""

from __future__ import annotations

from providers.clever.csvsource import CleverCsv
from providers.clever.source import CleverApi

SOURCE = CleverApi()
"""The source of kind "clever"."""

CSV_SOURCE = CleverCsv()
"""The source of kind "clever-csv"."""
