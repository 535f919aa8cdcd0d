"""What the settings of feeds have in common; ``rosterkit.config`` reads them, and names a wrong one with its line."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class FeedSettings(BaseModel):
    """Unknown keys are refused, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False)
