"""Sources side by side: the same questions asked of each, the rows that prove each answer, and a recommendation.

Everything here is a pure function of what the sources delivered. Nothing is stored.
"""

from __future__ import annotations

from rosterkit.compare.comparison import Comparison, compare
from rosterkit.compare.delivered import Delivered
from rosterkit.compare.settings import CompareSettings

__all__ = ["CompareSettings", "Comparison", "Delivered", "compare"]
