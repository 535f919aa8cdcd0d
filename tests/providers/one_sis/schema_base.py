"""What the schemas of the vendors share. A field that no schema declares is refused: a fake cannot invent any."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d$")]
Time = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")]
Truth = Literal["true", "false"]


class Shape(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
