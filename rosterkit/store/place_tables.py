"""The tables of places from which sources read."""

from __future__ import annotations

from typing import Any

from sqlmodel import JSON, Field, SQLModel


class PlaceLook(SQLModel, table=True):
    """What lay at the place of a source when it was last looked at."""

    __tablename__ = "place_look"
    source: str = Field(primary_key=True)
    at: str
    files: list[dict[str, Any]] = Field(sa_type=JSON)


class TakenPackage(SQLModel, table=True):
    """A package that an applied plan covers: the last bulk package of a source, and the deltas since."""

    __tablename__ = "taken_package"
    source: str = Field(primary_key=True)
    position: int = Field(primary_key=True)
    role: str
    name: str
    sha256: str
    size: int | None = None
    modified: str | None = None
    version: str
    plan: str
