"""How long property tests and long walks look: ``make test-deep`` sets HYPOTHESIS_PROFILE=deep."""

from __future__ import annotations

import os

__all__ = ["DEEP", "MINUTES"]

DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
MINUTES = float(os.environ.get("DEEP_MINUTES", "0"))
"""What the property tests of a deep run share; 0 sets no limit."""
