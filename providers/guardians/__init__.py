"""The guardian file: guardians and their links to students, beside the source of the students."""

from __future__ import annotations

from providers.guardians.source import SOURCE

__all__ = ["SOURCE"]
